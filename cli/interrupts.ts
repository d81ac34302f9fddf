/** Ctrl-C and SIGTERM: the first one asks, the second one insists. */

export interface Interrupts {
  /** Aborted at the first request to stop: finish what makes sense, judge what was seen. */
  readonly asked: AbortSignal;
  /** Aborted at the second: leave everything but cleaning up. */
  readonly insisted: AbortSignal;
  /** The same as a signal, from a key press. */
  interrupt(): void;
  stopListening(): void;
}

export function listenForInterrupts(): Interrupts {
  const asked = new AbortController();
  const insisted = new AbortController();
  const interrupt = () => (asked.signal.aborted ? insisted.abort() : asked.abort());
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, interrupt);
  return {
    asked: asked.signal,
    insisted: insisted.signal,
    interrupt,
    stopListening: () => {
      for (const signal of signals) process.off(signal, interrupt);
    },
  };
}

/** Resolves when the signal is aborted, now or later. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
