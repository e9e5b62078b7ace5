/** Money, bytes, dates and spans in the reader's own way of writing. Pure. */

const STEPS: [limit: number, seconds: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [60, 1, "second"],
  [3600, 60, "minute"],
  [86_400, 3600, "hour"],
  [7 * 86_400, 86_400, "day"],
];

export function formatFor(locale: string | undefined) {
  const price = (digits: number) =>
    new Intl.NumberFormat(locale, { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: digits });
  const cents = price(2);
  const fine = price(3);
  const finest = price(4);
  const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  const number = (value: number, digits = 0): string => new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
  const unit = (value: number, name: string, digits = 0): string =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits }).format(value);

  return {
    number,
    money: (usd: string) => {
      const value = Number(usd);
      return (value >= 1 ? cents : value >= 0.01 ? fine : finest).format(value);
    },
    bytes: (count: number) => (count < 1e6 ? unit(Math.max(1, Math.round(count / 1e3)), "kilobyte") : unit(count / 1e6, "megabyte", 1)),
    date: (time: string) => day.format(new Date(time)),
    ago: (time: string, now = Date.now()) => {
      const seconds = Math.min(0, (Date.parse(time) - now) / 1000);
      if (seconds > -10) return relative.format(0, "second");
      const step = STEPS.find(([limit]) => -seconds < limit);
      return step ? relative.format(Math.round(seconds / step[1]), step[2]) : day.format(new Date(time));
    },
    span: (seconds: number) => (seconds < 60 ? unit(Math.max(1, Math.round(seconds)), "second") : unit(Math.round(seconds / 60), "minute")),
  };
}

export type Format = ReturnType<typeof formatFor>;
