import * as Tabs from "@radix-ui/react-tabs";
import { Suspense, useState } from "react";
import { lazyWithRetry } from "../lazyWithRetry";
import { Button } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import { layout } from "../ui/layout";
import { VIEWS, type Theme, type View } from "./settings";
import { words } from "./words";
import styles from "./studio.module.css";

const Connection = lazyWithRetry(() => import("./Connection").then((part) => part.default));

const ICONS: Record<View, IconName> = { generate: "sparkle", upload: "upload", library: "library" };

export interface HeaderProps {
  businessId: number;
  token: string;
  theme: Theme;
  /** Nothing can be opened without a key. */
  locked: boolean;
  onTheme: () => void;
  onConnect: (businessId: number, token: string) => void;
  onPick: () => void;
  onPost: () => void;
}

export function Header({ businessId, token, theme, locked, onTheme, onConnect, onPick, onPost }: HeaderProps) {
  const [connecting, setConnecting] = useState(false);
  return (
    <header className={styles["header"]}>
      <p className={layout("row", styles["brand"])}>
        <span className={styles["lamp"]} />
        {words.name}
      </p>
      {!locked && (
        <Tabs.List className={styles["nav"]} aria-label={words.name}>
          {VIEWS.map((view) => (
            <Tabs.Trigger key={view} value={view} className={layout("bare", styles["link"])}>
              <Icon name={ICONS[view]} />
              {words.views[view]}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
      )}
      <div className={layout("row", styles["tools"])}>
        <button
          type="button"
          className={styles["theme"]}
          data-theme={theme}
          aria-label={words.theme[theme]}
          title={words.theme[theme]}
          onClick={onTheme}
        />
        <Button kind="quiet" className={styles["business"] ?? ""} onClick={() => setConnecting(true)}>
          <span className={styles["word"]}>{words.business}</span> {businessId}
        </Button>
        {!locked && (
          <>
            <Button className={styles["pick"] ?? ""} onClick={onPick}>
              {words.pick}
            </Button>
            <Button kind="primary" icon="plus" onClick={onPost}>
              {words.post}
            </Button>
          </>
        )}
      </div>
      <Suspense>
        {connecting && <Connection businessId={businessId} token={token} onConnect={onConnect} onClose={() => setConnecting(false)} />}
      </Suspense>
    </header>
  );
}
