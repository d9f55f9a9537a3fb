/** What stands in front of an exact set: "surely not" ends a check, anything else asks the set, which alone decides. */
export interface TextFilter {
  add(key: string): void;
  /** Never false for a key that was added since the last `rebuild`; rarely true for another. */
  mightContain(key: string): boolean;
  /** Starts over with these keys alone: filters cannot remove. Synchronous, so that no write falls in between. */
  rebuild(keys: Iterable<string>): void;
  /** Keys added since the last `rebuild`, double ones included. */
  readonly added: number;
  readonly bytes: number;
}
