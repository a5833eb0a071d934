// Loaded before a release of OpenClaw: stops its clock at a moment in Unix milliseconds.
const now = Number(process.env.TEST_CLOCK);
globalThis.Date = class extends Date {
  constructor(...parts) {
    super(...(parts.length > 0 ? parts : [now]));
  }
  static now() {
    return now;
  }
};
