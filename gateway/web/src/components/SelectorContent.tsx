import * as Tabs from "@radix-ui/react-tabs";
import { Suspense, useEffect, useId, useRef, useState, type ReactNode } from "react";
import { useFits } from "../hooks/useFits";
import { lazyWithRetry } from "../lazyWithRetry";
import { useMessages } from "../provider";
import { useStored } from "../stored";
import type { Image, Platform } from "../types";
import { Button } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import { layout } from "../ui/layout";
import { Modal } from "../ui/Modal";
import { Skeleton, Thumb } from "../ui/Thumb";
import { AltText } from "./AltText";
import type { ImageSelectorProps, SelectorTab } from "./ImageSelector";
import { LeaveQuestion } from "./LeaveQuestion";
import { PlatformFix } from "./PlatformFix";
import styles from "./selector.module.css";

const TABS: { tab: SelectorTab; icon: IconName }[] = [
  { tab: "upload", icon: "upload" },
  { tab: "generate", icon: "sparkle" },
  { tab: "library", icon: "library" },
];
const NOWHERE: Platform[] = [];
const PAUSE_MS = 500;

const ImageUploader = lazyWithRetry(() => import("./ImageUploader").then((part) => part.ImageUploader));
const AIImageGenerator = lazyWithRetry(() => import("./AIImageGenerator").then((part) => part.AIImageGenerator));
const ImageLibrary = lazyWithRetry(() => import("./ImageLibrary").then((part) => part.ImageLibrary));

export default function SelectorContent({
  businessId,
  onClose,
  onSelectImage,
  requireImage = false,
  requireAltText = false,
  maxSelection = 1,
  platforms = NOWHERE,
  platform,
  initialTab,
  note,
}: ImageSelectorProps) {
  const { selector: words, publish, instagram } = useMessages();
  const [last, remember] = useStored<SelectorTab>("tab", "upload");
  const [tab, setTab] = useState<SelectorTab>(initialTab ?? (TABS.some((one) => one.tab === last) ? last : "upload"));
  const [visited, setVisited] = useState([tab]);
  // What runs in them goes on. The library begins anew: its own memory brings it back to where it was, with what is new.
  const shows = (name: SelectorTab): boolean => name === tab || (name !== "library" && visited.includes(name));
  const [chosen, setChosen] = useState<Image[]>([]);
  const [uploading, setUploading] = useState(false);
  const [asking, setAsking] = useState(false);
  const primary = useRef<HTMLButtonElement>(null);
  const id = useId();

  const targets = platform && !platforms.includes(platform) ? [...platforms, platform] : platforms;
  const fits = useFits(chosen, targets);
  const misfit = fits.find(({ valid }) => valid === false);
  const undescribed = requireAltText ? chosen.find(({ altText }) => altText === null) : undefined;
  const reason = whyNot();
  function whyNot(): string {
    if (chosen.length === 0) return words.chooseFirst;
    if (misfit) return words.misfit(publish.platforms[misfit.platform]);
    if (fits.some(({ valid }) => valid === null)) return instagram.checking;
    return undescribed ? words.altNeeded(undescribed.filename) : "";
  }

  useEffect(() => {
    // The other tabs' code comes while nobody waits for it.
    const soon = setTimeout(() => {
      for (const part of [ImageUploader, AIImageGenerator, ImageLibrary]) part.preload();
    }, PAUSE_MS);
    return () => clearTimeout(soon);
  }, []);

  const open = (next: string): void => {
    const found = TABS.find((one) => one.tab === next);
    if (!found) return;
    setTab(found.tab);
    setVisited((now) => (now.includes(found.tab) ? now : [...now, found.tab]));
    remember(() => found.tab);
  };
  const add = (images: Image[]): void =>
    setChosen((now) => [...now.filter(({ id }) => !images.some((image) => image.id === id)), ...images].slice(-maxSelection));
  const take = (images: Image[]): void => {
    for (const image of images) onSelectImage(image.url, image);
    onClose();
  };
  const lead = (): void => void requestAnimationFrame(() => primary.current?.focus());
  const arrived = (images: Image[]): void => {
    if (images.length === 0) return;
    add(images);
    lead();
  };
  // Known without asking: what only Instagram judges. Everything else is chosen first, and looked at there.
  const passes = (image: Image): boolean =>
    targets.every((name) => name === "instagram" && image.instagram.valid) && !(requireAltText && image.altText === null);
  const useOne = (image: Image): void => {
    if (maxSelection === 1 && passes(image)) take([image]);
    else {
      add([image]);
      lead();
    }
  };
  const leave = (): void => (uploading ? setAsking(true) : onClose());
  const replace = (old: Image, by: Image): void => setChosen((now) => now.map((image) => (image.id === old.id ? by : image)));

  const footer = (
    <div className={layout("column", styles["foot"])}>
      {misfit ? (
        <PlatformFix
          key={`${misfit.image.id} ${misfit.platform}`}
          businessId={businessId}
          fit={misfit}
          named={chosen.length > 1}
          onFixed={(copy) => {
            replace(misfit.image, copy);
            lead();
          }}
        />
      ) : (
        undescribed && (
          <AltText
            compact
            key={undescribed.id}
            businessId={businessId}
            image={undescribed}
            onSaved={(saved) => replace(undescribed, saved)}
          />
        )
      )}
      <div className={layout("row", styles["bar"])}>
        <div className={layout("row fine", styles["chosen"])} data-some={chosen.length > 0 || undefined}>
          <span className={layout("row", styles["thumbs"])}>
            {chosen.map((image) => (
              <Thumb key={image.id} image={image} className={styles["thumb"] ?? ""} />
            ))}
          </span>
          <span className={styles["said"]} role="status">
            <span className={layout("cut")}>{chosen.length === 1 && chosen[0] ? words.chosen(chosen[0].filename) : ""}</span>
            <span id={`${id}-why`} className={styles["why"]}>
              {reason}
            </span>
          </span>
        </div>
        <Button kind="quiet" onClick={leave}>
          {words.skip}
        </Button>
        <Button kind="primary" ref={primary} off={reason !== ""} aria-describedby={`${id}-why`} onClick={() => take(chosen)}>
          {words.use(chosen.length)}
        </Button>
      </div>
    </div>
  );

  const panels: Record<SelectorTab, ReactNode> = {
    upload: <ImageUploader businessId={businessId} onFinished={arrived} onRunning={setUploading} onUse={useOne} />,
    generate: <AIImageGenerator businessId={businessId} onGenerated={(image) => arrived([image])} onUse={useOne} />,
    library: (
      <ImageLibrary
        businessId={businessId}
        chosen={chosen}
        onChoose={setChosen}
        maxSelection={maxSelection}
        onUse={useOne}
        empty={
          <Button kind="primary" icon="upload" onClick={() => open("upload")}>
            {words.upload}
          </Button>
        }
        {...(targets.includes("instagram") && { platform: "instagram" })}
      />
    ),
  };

  return (
    <Modal open onClose={leave} title={words.title} note={note ?? (requireImage && words.required)} shape="large" foot={footer}>
      <Tabs.Root value={tab} onValueChange={open} className={styles["tabs"]}>
        <Tabs.List className={styles["list"]} aria-label={words.title}>
          {TABS.map((one) => (
            <Tabs.Trigger key={one.tab} value={one.tab} className={layout("bare", styles["tab"])}>
              <Icon name={one.icon} />
              {words[one.tab]}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {TABS.map((one) => (
          <Tabs.Content key={one.tab} value={one.tab} forceMount hidden={tab !== one.tab} className={styles["panel"]}>
            {shows(one.tab) && <Suspense fallback={<Skeleton className={styles["coming"] ?? ""} />}>{panels[one.tab]}</Suspense>}
          </Tabs.Content>
        ))}
      </Tabs.Root>
      <LeaveQuestion open={asking} words={words} note={words.leaveHelp} onStay={() => setAsking(false)} onGo={onClose} />
    </Modal>
  );
}
