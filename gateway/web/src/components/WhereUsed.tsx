import { useQuery } from "@tanstack/react-query";
import { keys } from "../keys";
import { useDarkroom } from "../provider";
import type { Image } from "../types";
import { layout } from "../ui/layout";
import { Skeleton } from "../ui/Thumb";
import { Again } from "./Versions";
import styles from "./details.module.css";

/** The posts that show it, newest first. */
export function WhereUsed({ image }: { image: Image }) {
  const { api, client, messages, format } = useDarkroom();
  const { details: words, publish } = messages;
  const { data, isError, refetch } = useQuery(
    { queryKey: [...keys.posts(image.id), image.usedIn], queryFn: ({ signal }) => api.posts(image.id, signal) },
    client,
  );
  const more = data ? data.total - data.items.length : 0;
  return (
    <section className={layout("column", styles["part"])}>
      <h3>{messages.library.usedIn(image.usedIn)}</h3>
      {isError ? (
        <Again text={words.postsFailed} onAgain={() => void refetch()} />
      ) : (
        <ul className={layout("column", styles["posts"])}>
          {data?.items.map(({ postId, platform, attachedAt }) => (
            <li key={postId}>
              <span className={layout("cut", styles["post"])}>{postId}</span>
              <span>{[platform && publish.platforms[platform], format.date(attachedAt)].filter(Boolean).join(" · ")}</span>
            </li>
          )) ?? <Skeleton style={{ height: 20 }} />}
          {more > 0 && <li>{words.morePosts(more)}</li>}
        </ul>
      )}
    </section>
  );
}
