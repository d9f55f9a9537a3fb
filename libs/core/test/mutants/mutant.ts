import { type FollowerOptions } from '@revocast/core';
import { type GuaranteeName, type WorldAlterations } from '@revocast/testing';
import { createIndex } from '../../src/compact-index.js';
import { type RevocationIndex } from '../../src/revocation-index.js';

/** A product with one thing wrong about it, and the guarantee that must notice. */
export interface Mutant {
  /** As the command line names it. */
  readonly name: string;
  /** A seed that catches it today: tried first, before all from 1 on. */
  readonly seed: number;
  /** Completes "a product ...". */
  readonly what: string;
  readonly breaks: GuaranteeName;
  /** Spoils it. Called anew before each run, so that what it remembers belongs to one run. */
  readonly spoil: (replace: Replace) => WorldAlterations;
}

/** Replaces a method or getter of a class until the run is over. */
export type Replace = <Target extends object>(
  target: Target,
  name: keyof Target,
  descriptor: PropertyDescriptor,
) => void;

/** Lets a mutant live for one run. */
export const withMutant = async <Result>(
  { spoil }: Pick<Mutant, 'spoil'>,
  run: (alterations: WorldAlterations) => Promise<Result>,
): Promise<Result> => {
  const undo: (() => void)[] = [];
  const replace: Replace = (target, name, descriptor) => {
    const before = Object.getOwnPropertyDescriptor(target, name);
    if (before === undefined) throw new Error(`nothing called ${String(name)} to replace`);
    undo.push(() => Object.defineProperty(target, name, before));
    Object.defineProperty(target, name, { ...before, ...descriptor });
  };
  try {
    return await run(spoil(replace));
  } finally {
    for (const restore of undo.reverse()) restore();
  }
};

/** The method as it is now: what replaces it may still need it. */
export const originalOf = <Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
): Target[Name] => Object.getOwnPropertyDescriptor(target, name)?.value as Target[Name];

type CreateIndex = NonNullable<FollowerOptions['createIndex']>;

/** An index of which some part is done differently. */
export const indexWith =
  (change: (index: RevocationIndex) => Partial<RevocationIndex>): CreateIndex =>
  (options) => {
    const index = createIndex(options);
    const same: RevocationIndex = {
      apply: (revocation) => index.apply(revocation),
      lift: (lift) => index.lift(lift),
      find: (...asked) => index.find(...asked),
      reclaim: (...asked) => index.reclaim(...asked),
      size: (now) => index.size(now),
      image: () => index.image(),
      readImage: () => index.readImage(),
    };
    return { ...same, ...change(index) };
  };

export const withIndex = (create: CreateIndex): WorldAlterations => ({
  alterFollower: (options) => ({ ...options, createIndex: create }),
});
