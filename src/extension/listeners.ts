/** A set of listeners, for the files that must not import the editor. */

export interface Subscription {
  dispose(): void;
}

export interface Listeners<T> {
  add(listener: (value: T) => void): Subscription;
  tell(value: T): void;
}

export function createListeners<T>(): Listeners<T> {
  const known = new Set<(value: T) => void>();
  return {
    add(listener) {
      known.add(listener);
      return { dispose: () => known.delete(listener) };
    },
    tell(value) {
      for (const listener of [...known]) listener(value);
    },
  };
}
