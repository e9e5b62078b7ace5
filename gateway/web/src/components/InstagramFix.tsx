import { useFix } from "../hooks/useLibrary";
import { useMessages } from "../provider";
import type { FixMode, Image } from "../types";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { FailureNotice, Notice } from "../ui/Notice";
import styles from "./instagram.module.css";

/** Whether Instagram takes the image, and, where it does not, a copy that it takes at one click. */
export function InstagramFix({
  businessId,
  image,
  onFixed,
}: {
  businessId: number;
  image: Image;
  onFixed?: ((image: Image) => void) | undefined;
}) {
  const { instagram: words } = useMessages();
  const fix = useFix(businessId);
  const make = (mode: FixMode) => () => fix.mutate({ image, mode }, { onSuccess: (copy) => onFixed?.(copy) });
  if (image.instagram.valid) {
    return (
      <p className={styles["fits"]}>
        <Icon name="instagram" size={14} />
        {image.instagram.publishableAsIs ? words.fits : `${words.fits}. ${words.converted}`}
      </p>
    );
  }
  if (fix.isSuccess) return <Notice tone="ok" title={words.fixed} />;
  return (
    <Notice
      tone="warn"
      title={words.misfit}
      actions={
        <>
          <Button small onClick={make("crop")} off={fix.isPending}>
            {fix.isPending ? words.fixing : words.crop}
          </Button>
          <Button small onClick={make("pad")} off={fix.isPending}>
            {words.pad}
          </Button>
        </>
      }
    >
      <p>{image.instagram.warnings.join(" ")}</p>
      {fix.isError && <FailureNotice failure={fix.error} />}
    </Notice>
  );
}
