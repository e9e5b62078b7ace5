import { instagramFit } from "../hooks/useFits";
import { useMessages } from "../provider";
import type { Image } from "../types";
import { Icon } from "../ui/Icon";
import { layout } from "../ui/layout";
import styles from "./instagram.module.css";
import { PlatformFix } from "./PlatformFix";

interface InstagramFixProps {
  businessId: number;
  image: Image;
  onFixed?: ((image: Image) => void) | undefined;
}

/** Whether Instagram takes the image, and, where it does not, a copy that it takes at one click. */
export function InstagramFix({ businessId, image, onFixed }: InstagramFixProps) {
  const { instagram: words } = useMessages();
  if (!image.instagram.valid) return <PlatformFix businessId={businessId} fit={instagramFit(image)} onFixed={onFixed} />;
  return (
    <p className={layout("row wrap", styles["fits"])}>
      <Icon name="instagram" size={14} />
      {image.instagram.publishableAsIs ? words.fits : `${words.fits}. ${words.converted}`}
    </p>
  );
}
