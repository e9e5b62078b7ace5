import { useCallback, useState } from "react";
import { useDarkroom } from "../provider";
import type { LibraryQuery } from "../types";

const FIRST: LibraryQuery = { page: 1, search: "", source: "all", trashed: false };

/** What of the library is shown. It is the same again when somebody comes back to it. */
export function useLibraryView(businessId: number): [LibraryQuery, (change: Partial<LibraryQuery>) => void] {
  const { client } = useDarkroom();
  const [view, setView] = useState(() => client.getQueryData<LibraryQuery>(["view", businessId]) ?? FIRST);
  const change = useCallback(
    (by: Partial<LibraryQuery>) =>
      setView((now) => {
        const changed = { ...now, ...by };
        client.setQueryData(["view", businessId], changed);
        return changed;
      }),
    [client, businessId],
  );
  return [view, change];
}
