import * as Radio from "@radix-ui/react-radio-group";
import { useMessages } from "../provider";
import type { SizeOffer } from "../types";
import { Icon } from "../ui/Icon";
import { layout } from "../ui/layout";
import { Hidden } from "../ui/Surface";
import styles from "./generator.module.css";

const BOX = 30;

/** The shapes of a model, each drawn in its proportions. */
export function SizePicker({ sizes, value, onChange }: { sizes: SizeOffer[]; value: string; onChange: (size: string) => void }) {
  const { generate, instagram } = useMessages();
  return (
    <Radio.Root className={styles["sizes"]} aria-label={generate.sizeLabel} value={value} onValueChange={onChange}>
      {sizes.map((offer) => (
        <Radio.Item key={offer.size} value={offer.size} className={styles["size"]}>
          <Pictogram width={offer.width} height={offer.height} />
          <span className={styles["ratio"]}>{offer.label}</span>
          <span className={layout("small")}>{offer.size.replace("x", " × ")}</span>
          {offer.instagramReady && (
            <span className={styles["mark"]} title={instagram.ready}>
              <Icon name="instagram" size={13} />
              <Hidden>{instagram.ready}</Hidden>
            </span>
          )}
        </Radio.Item>
      ))}
    </Radio.Root>
  );
}

function Pictogram({ width, height }: { width: number; height: number }) {
  const scale = BOX / Math.max(width, height);
  const [across, down] = [width * scale, height * scale];
  return (
    <svg width={BOX + 2} height={BOX + 2} aria-hidden="true" focusable="false" className={styles["pictogram"]}>
      <rect x={1 + (BOX - across) / 2} y={1 + (BOX - down) / 2} width={across} height={down} rx="3" />
    </svg>
  );
}
