import * as Tabs from "@radix-ui/react-tabs";
import { useRef, useState } from "react";
import { useMessages } from "../provider";
import { useStored } from "../stored";
import type { Image } from "../types";
import { Button } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import { Modal } from "../ui/Modal";
import { Thumb } from "../ui/Thumb";
import { AIImageGenerator } from "./AIImageGenerator";
import { ImageLibrary } from "./ImageLibrary";
import type { ImageSelectorProps, SelectorTab } from "./ImageSelector";
import { ImageUploader } from "./ImageUploader";
import { InstagramFix } from "./InstagramFix";
import styles from "./selector.module.css";

const TABS: { tab: SelectorTab; icon: IconName }[] = [
  { tab: "upload", icon: "upload" },
  { tab: "generate", icon: "sparkle" },
  { tab: "library", icon: "library" },
];

export default function SelectorContent({
  businessId,
  onClose,
  onSelectImage,
  requireImage = false,
  maxSelection = 1,
  platform,
  initialTab,
}: ImageSelectorProps) {
  const { selector: words } = useMessages();
  const [last, remember] = useStored<SelectorTab>("tab", "upload");
  const [tab, setTab] = useState(initialTab ?? last);
  const [chosen, setChosen] = useState<Image[]>([]);
  const [uploading, setUploading] = useState(false);
  const [asking, setAsking] = useState(false);
  const primary = useRef<HTMLButtonElement>(null);

  const open = (next: string): void => {
    const found = TABS.find((one) => one.tab === next);
    if (!found) return;
    setTab(found.tab);
    remember(() => found.tab);
  };
  const add = (images: Image[]): void =>
    setChosen((now) => [...now.filter(({ id }) => !images.some((image) => image.id === id)), ...images].slice(-maxSelection));
  const use = (images: Image[]): void => {
    for (const image of images) onSelectImage(image.url, image);
    onClose();
  };
  const arrived = (images: Image[]): void => {
    if (images.length === 0) return;
    add(images);
    requestAnimationFrame(() => primary.current?.focus());
  };
  const useOne = (image: Image): void => (maxSelection === 1 ? use([image]) : add([image]));
  const leave = (): void => (uploading ? setAsking(true) : onClose());
  const misfit = platform === "instagram" ? chosen.find((image) => !image.instagram.valid) : undefined;
  const replace = (copy: Image): void => setChosen((now) => now.map((image) => (image.id === misfit?.id ? copy : image)));

  const foot = (
    <div className={styles["foot"]}>
      {misfit && <InstagramFix businessId={businessId} image={misfit} onFixed={replace} />}
      <div className={styles["bar"]}>
        <div className={styles["chosen"]}>
          {chosen.map((image) => (
            <Thumb key={image.id} image={image} className={styles["thumb"] ?? ""} />
          ))}
          <span className={styles["name"]}>
            {chosen.length === 1 && chosen[0] ? words.chosen(chosen[0].filename) : chosen.length === 0 ? words.none : ""}
          </span>
        </div>
        <Button kind="quiet" onClick={leave}>
          {words.skip}
        </Button>
        <Button
          kind="primary"
          ref={primary}
          off={chosen.length === 0}
          title={chosen.length === 0 ? words.chooseFirst : undefined}
          onClick={() => use(chosen)}
        >
          {words.use(chosen.length)}
        </Button>
      </div>
    </div>
  );

  return (
    <Modal open onClose={leave} title={words.title} note={requireImage && words.required} shape="large" foot={foot}>
      <Tabs.Root value={tab} onValueChange={open} className={styles["tabs"]}>
        <Tabs.List className={styles["list"]} aria-label={words.title}>
          {TABS.map((one) => (
            <Tabs.Trigger key={one.tab} value={one.tab} className={styles["tab"]}>
              <Icon name={one.icon} />
              {words[one.tab]}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        <Tabs.Content value="upload" forceMount hidden={tab !== "upload"} className={styles["panel"]}>
          <ImageUploader businessId={businessId} onFinished={arrived} onRunning={setUploading} onUse={useOne} />
        </Tabs.Content>
        <Tabs.Content value="generate" forceMount hidden={tab !== "generate"} className={styles["panel"]}>
          <AIImageGenerator businessId={businessId} onGenerated={(image) => arrived([image])} onUse={useOne} />
        </Tabs.Content>
        <Tabs.Content value="library" className={styles["panel"]}>
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
            {...(platform && { platform })}
          />
        </Tabs.Content>
      </Tabs.Root>
      <Modal
        open={asking}
        question
        shape="narrow"
        title={words.leaveTitle}
        note={words.leaveHelp}
        onClose={() => setAsking(false)}
        foot={
          <>
            <Button onClick={onClose}>{words.leaveGo}</Button>
            <Button kind="primary" onClick={() => setAsking(false)}>
              {words.leaveStay}
            </Button>
          </>
        }
      />
    </Modal>
  );
}
