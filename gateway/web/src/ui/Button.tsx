import type { ComponentProps } from "react";
import { clsx } from "./clsx";
import { Icon, type IconName } from "./Icon";
import styles from "./button.module.css";

interface Look {
  kind?: "primary" | "secondary" | "quiet" | "danger";
  small?: boolean;
  icon?: IconName;
}

type ButtonProps = ComponentProps<"button"> & Look & { off?: boolean };

/** `off` keeps it reachable, so that the reason beside it can be heard; `disabled` would hide both. */
export function Button({ kind = "secondary", small, icon, off = false, className, children, onClick, ...more }: ButtonProps) {
  return (
    <button
      type="button"
      {...more}
      className={clsx(styles["button"], styles[kind], small && styles["small"], className)}
      aria-disabled={off || undefined}
      onClick={off ? (event) => event.preventDefault() : onClick}
    >
      {icon && <Icon name={icon} size={small ? 14 : 16} />}
      {children}
    </button>
  );
}

type IconButtonProps = Omit<ButtonProps, "children"> & { label: string; icon: IconName };

/** A button that shows only an icon; `label` is its name. */
export function IconButton({ label, kind = "quiet", small, className, ...more }: IconButtonProps) {
  const look = clsx(styles["icon"], small && styles["small"], className);
  return <Button {...more} kind={kind} aria-label={label} title={label} className={look} />;
}

export function LinkButton({ kind = "secondary", small, icon, className, children, ...more }: ComponentProps<"a"> & Look) {
  return (
    <a {...more} className={clsx(styles["button"], styles[kind], small && styles["small"], className)}>
      {icon && <Icon name={icon} size={small ? 14 : 16} />}
      {children}
    </a>
  );
}
