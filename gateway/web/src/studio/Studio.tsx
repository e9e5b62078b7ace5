import * as Tabs from "@radix-ui/react-tabs";
import { Suspense, useState, type ReactNode } from "react";
import { AIImageGenerator } from "../components/AIImageGenerator";
import { ImageSelector } from "../components/ImageSelector";
import { JobTray } from "../components/JobTray";
import { PublishContentModal } from "../components/PublishContentModal";
import { SandboxMark } from "../components/SandboxMark";
import { lazyWithRetry } from "../lazyWithRetry";
import { DarkroomProvider } from "../provider";
import { Button } from "../ui/Button";
import { clsx } from "../ui/clsx";
import { useSurface } from "../ui/Surface";
import { Skeleton } from "../ui/Thumb";
import { Header, type HeaderProps } from "./Header";
import { Locked, useLocked } from "./Locked";
import type { Handed } from "./Received";
import { readBase, useConnection, useTheme, useView, type View } from "./settings";
import { words } from "./words";
import "./page.css";
import styles from "./studio.module.css";

const ImageLibrary = lazyWithRetry(() => import("../components/ImageLibrary").then((part) => part.ImageLibrary));
const ImageUploader = lazyWithRetry(() => import("../components/ImageUploader").then((part) => part.ImageUploader));
const Received = lazyWithRetry(() => import("./Received").then((part) => part.default));

/** What is behind the other tabs and the buttons. */
export const preload = (): void => {
  for (const part of [ImageLibrary, ImageUploader, ImageSelector, PublishContentModal]) part.preload();
};

/** The page: Darkroom's own components, and nothing that a host could not do. */
export function Studio() {
  const { businessId, token, connect } = useConnection();
  const [theme, nextTheme] = useTheme();
  const [refused, setRefused] = useState<string | null>(null);
  const top = { businessId, token, theme, onTheme: nextTheme, onConnect: connect };
  return (
    <DarkroomProvider baseUrl={readBase()} token={token || null} onUnauthorized={(bad) => setRefused(bad ?? "")} theme={theme}>
      <Desk key={businessId} {...top} refused={refused === token} />
    </DarkroomProvider>
  );
}

interface DeskProps extends Omit<HeaderProps, "locked" | "onPick" | "onPost"> {
  /** The key does not open anything, or does not any more. */
  refused: boolean;
}

function Desk({ businessId, refused, onConnect, ...top }: DeskProps) {
  const [view, go] = useView();
  const [dialog, setDialog] = useState<"pick" | "post" | null>(null);
  const [handed, setHanded] = useState<Handed | null>(null);
  const locked = useLocked(businessId) || refused;
  const shown = locked ? null : view;
  const surface = useSurface(styles["page"]);
  const close = (): void => setDialog(null);
  const openTab = (tab: string): void => go(tab as View); // The tabs' values are views.
  return (
    <div {...surface}>
      <SandboxMark />
      <Tabs.Root value={view} onValueChange={openTab}>
        <Header
          {...top}
          businessId={businessId}
          locked={locked}
          onConnect={onConnect}
          onPick={() => setDialog("pick")}
          onPost={() => setDialog("post")}
        />
        <main className={styles["main"]}>
          {locked && <Locked businessId={businessId} onConnect={onConnect} />}
          <Panel view="generate" keep shown={shown}>
            <AIImageGenerator businessId={businessId} />
          </Panel>
          <Panel view="upload" keep shown={shown}>
            <ImageUploader businessId={businessId} />
          </Panel>
          <Panel view="library" shown={shown}>
            <ImageLibrary businessId={businessId} empty={<Ways onGo={go} />} />
          </Panel>
        </main>
      </Tabs.Root>
      <JobTray businessId={businessId} onOpen={() => go("library")} />
      <ImageSelector
        businessId={businessId}
        isOpen={dialog === "pick"}
        onClose={close}
        onSelectImage={(url, image) => setHanded({ kind: "image", value: { url, image } })}
      />
      <PublishContentModal
        businessId={businessId}
        isOpen={dialog === "post"}
        onClose={close}
        onPublish={(value) => setHanded({ kind: "post", value })}
      />
      <Suspense>{handed && <Received handed={handed} onClose={() => setHanded(null)} />}</Suspense>
    </div>
  );
}

/** From an empty library to its first picture. */
function Ways({ onGo }: { onGo: (view: View) => void }) {
  return (
    <>
      <Button kind="primary" icon="upload" onClick={() => onGo("upload")}>
        {words.titles.upload.title}
      </Button>
      <Button icon="sparkle" onClick={() => onGo("generate")}>
        {words.titles.generate.title}
      </Button>
    </>
  );
}

interface PanelProps {
  view: View;
  /** None while the page asks for a key. */
  shown: View | null;
  /** Stays alive while another view is shown: what runs in it goes on. */
  keep?: boolean;
  children: ReactNode;
}

function Panel({ view, shown, keep, children }: PanelProps) {
  const { title, help } = words.titles[view];
  const [visited, setVisited] = useState(false);
  if (view === shown && !visited) setVisited(true);
  return (
    <Tabs.Content
      value={view}
      hidden={view !== shown}
      className={clsx(styles["panel"], view === "upload" && styles["narrow"])}
      {...(keep && visited ? { forceMount: true } : {})}
    >
      <header className={styles["intro"]}>
        <h1>{title}</h1>
        <p>{help}</p>
      </header>
      <Suspense fallback={<Skeleton style={{ height: 240, borderRadius: "var(--radius-large)" }} />}>{visited && children}</Suspense>
    </Tabs.Content>
  );
}
