// How fast, how long still, and sizes in words. Knows nothing of the page.
const WINDOW_MS = 6000; // a speed is an average over this
const UNIT = 1024; // as Django's filesizeformat, so that a file has one size on the page
const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

export function sizeText(bytes) {
  let power = 0;
  let value = bytes;
  while (value >= UNIT && power < UNITS.length - 1) {
    value /= UNIT;
    power += 1;
  }
  const digits = power === 0 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[power]}`;
}

export function timeText(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

export function createMeter(now = () => performance.now()) {
  let samples = [];
  return {
    // Told with every progress; a new start (resumed, retried) begins with clear().
    add(bytes) {
      const at = now();
      samples = [...samples.filter((sample) => at - sample.at <= WINDOW_MS), { at, bytes }];
    },
    clear() {
      samples = [];
    },
    // Bytes per second, or null while too little is known.
    get speed() {
      const first = samples[0];
      const last = samples[samples.length - 1];
      if (!first || last.at - first.at < 400) return null;
      return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
    },
  };
}

export function progressText(sent, total, speed) {
  const percent = `${Math.floor((100 * sent) / total)} %`;
  if (!speed) return percent;
  const left = timeText((total - sent) / speed);
  return `${percent}, ${sizeText(speed)}/s, ${left} left`;
}
