import { useQuery } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { asFailure } from "../failure";
import { keys } from "../keys";
import { lazyWithRetry } from "../lazyWithRetry";
import { useDarkroom } from "../provider";
import { Button } from "../ui/Button";
import { layout } from "../ui/layout";
import { words } from "./words";
import styles from "./studio.module.css";

const Connection = lazyWithRetry(() => import("./Connection").then((part) => part.default));

/** Whether the product refuses to show this business without another key. */
export function useLocked(businessId: number): boolean {
  const { api, client } = useDarkroom();
  const { error } = useQuery(
    { queryKey: keys.jobs(businessId), queryFn: ({ signal }) => api.jobs(businessId, signal), staleTime: 30_000 },
    client,
  );
  return error !== null && ["unauthorized", "forbidden"].includes(asFailure(error).code);
}

interface LockedProps {
  businessId: number;
  onConnect: (businessId: number, token: string) => void;
}

/** Asks for a key in the place of a page that is of no use without one. */
export function Locked({ businessId, onConnect }: LockedProps) {
  const [asking, setAsking] = useState(false);
  return (
    <div className={layout("centred", styles["locked"])}>
      <h1>{words.locked}</h1>
      <p>{words.lockedHelp}</p>
      <Button kind="primary" onClick={() => setAsking(true)}>
        {words.enterKey}
      </Button>
      <Suspense>
        {asking && <Connection businessId={businessId} token="" onConnect={onConnect} onClose={() => setAsking(false)} />}
      </Suspense>
    </div>
  );
}
