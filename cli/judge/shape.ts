/** A small checker of JSON values: each check answers what is wrong, or nothing. */

/** `at` is the path so far, "" at the top; the answer names the place and what belongs there. */
export type Check = (value: unknown, at: string) => string | undefined;

function wrong(value: unknown, at: string, wanted: string): string {
  const got = JSON.stringify(value) ?? "nothing";
  const shown = got.length > 40 ? `${got.slice(0, 37)}...` : got;
  return `${at || "the value"} must be ${wanted}, not ${shown}`;
}

export const text: Check = (value, at) =>
  typeof value === "string" ? undefined : wrong(value, at, "a string");

export const flag: Check = (value, at) =>
  typeof value === "boolean" ? undefined : wrong(value, at, "true or false");

export const number: Check = (value, at) =>
  typeof value === "number" ? undefined : wrong(value, at, "a number");

export const whole: Check = (value, at) =>
  Number.isSafeInteger(value) ? undefined : wrong(value, at, "a whole number");

/** Zero or more: durations, counts. */
export const natural: Check = (value, at) =>
  Number.isSafeInteger(value) && Number(value) >= 0
    ? undefined
    : wrong(value, at, "a whole number, 0 or more");

/** Milliseconds or seconds, fractions allowed. */
export const duration: Check = (value, at) =>
  typeof value === "number" && value >= 0 ? undefined : wrong(value, at, "a number, 0 or more");

export const instant: Check = (value, at) =>
  typeof value === "string" && !Number.isNaN(Date.parse(value))
    ? undefined
    : wrong(value, at, "an ISO-8601 instant");

export function oneOf(...words: readonly (string | number)[]): Check {
  const wanted = words.length === 1 ? String(words[0]) : `one of ${words.join(", ")}`;
  const known = new Set<unknown>(words);
  return (value, at) => (known.has(value) ? undefined : wrong(value, at, wanted));
}

export function optional(check: Check): Check {
  return (value, at) => (value === undefined ? undefined : check(value, at));
}

export function list(check: Check): Check {
  return (value, at) => {
    if (!Array.isArray(value)) return wrong(value, at, "a list");
    for (let index = 0; index < value.length; index++) {
      const problem = check(value[index], `${at}[${index}]`);
      if (problem) return problem;
    }
    return undefined;
  };
}

/** An object whose values all fit. */
export function dictionary(check: Check): Check {
  return (value, at) => {
    if (!isObject(value)) return wrong(value, at, "an object");
    for (const [name, field] of Object.entries(value)) {
      const problem = check(field, at ? `${at}.${name}` : name);
      if (problem) return problem;
    }
    return undefined;
  };
}

/** An object with these fields; fields it does not name may be there, and are left alone. */
export function shape(fields: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(fields);
  return (value, at) => {
    if (!isObject(value)) return wrong(value, at, "an object");
    for (const [name, check] of checks) {
      const problem = check(value[name], at ? `${at}.${name}` : name);
      if (problem) return problem;
    }
    return undefined;
  };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
