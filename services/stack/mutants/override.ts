/** A part that does all that the honest one does, but for some of its methods. */
export function override<T extends object>(honest: T, changed: Partial<T>): T {
  return new Proxy(honest, {
    get(target, name) {
      if (Object.hasOwn(changed, name)) return changed[name as keyof T];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
