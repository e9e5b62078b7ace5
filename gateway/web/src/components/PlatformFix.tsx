import type { Fit } from "../hooks/useFits";
import { useFix } from "../hooks/useLibrary";
import { useMessages } from "../provider";
import type { FixMode, Image } from "../types";
import { Button } from "../ui/Button";
import { FailureNotice, Notice } from "../ui/Notice";

interface PlatformFixProps {
  businessId: number;
  fit: Fit;
  /** Says which image it is, where that is not seen from its place. */
  named?: boolean;
  onFixed?: ((image: Image) => void) | undefined;
}

/** What a platform has against an image, and, where that helps, a copy that it takes at one click. The original stays. */
export function PlatformFix({ businessId, fit: { image, platform, warnings, fixable }, named = false, onFixed }: PlatformFixProps) {
  const { instagram: words, publish } = useMessages();
  const fix = useFix(businessId);
  const make = (mode: FixMode) => () => fix.mutate({ image, mode }, { onSuccess: (copy) => onFixed?.(copy) });
  const title = platform === "instagram" ? words.misfit : publish.misfitFor(publish.platforms[platform]);
  if (fix.isSuccess) return <Notice tone="ok" title={words.fixed} />;
  return (
    <Notice
      tone="warn"
      title={named ? `${image.filename}: ${title}` : title}
      actions={
        fixable && (
          <>
            <Button small onClick={make("crop")} off={fix.isPending}>
              {fix.isPending ? words.fixing : words.crop}
            </Button>
            <Button small onClick={make("pad")} off={fix.isPending}>
              {words.pad}
            </Button>
          </>
        )
      }
    >
      <p>{[...warnings, !fixable && publish.chooseAnother].filter(Boolean).join(" ")}</p>
      {fix.isError && <FailureNotice failure={fix.error} />}
    </Notice>
  );
}
