import { isIssuerPattern, type IssuerSettings } from '@revocast/core';
import { type IssuerConfig } from './issuer-config.js';
import { issuerSettings } from './issuers.js';
import { createKeySet, type KeySet, type KeySetOptions } from './key-set.js';

/** What tokens of one issuer are judged by. The same object for as long as nothing of it changes, also over a reload. */
export interface Trust {
  /** May hold a shared secret: for comparing, never for showing. */
  readonly name: string;
  readonly config: IssuerConfig;
  readonly settings: IssuerSettings;
  readonly keySet: KeySet;
}

/** What a key set rests on. May hold a shared secret as well. */
const keySetName = ({ issuer, aliases, keys }: IssuerConfig): string => JSON.stringify([issuer, aliases, keys]);

/** The trusts of single issuers; `IssuerFamilies` has those of patterns. Keeps what was there `earlier` and did not change: all of it, or else the keys, which may be out of reach right now. */
export const trustsOf = (
  configs: readonly IssuerConfig[],
  options: KeySetOptions,
  earlier: readonly Trust[] = [],
): readonly Trust[] => {
  const issuers = configs.filter(({ issuer }) => !isIssuerPattern(issuer));
  const unchanged = new Map(earlier.map((trust) => [trust.name, trust]));
  const keySets = new Map(earlier.map(({ config, keySet }) => [keySetName(config), keySet]));
  return issuers.map((config) => {
    const name = JSON.stringify(config);
    const keySet = keySets.get(keySetName(config)) ?? createKeySet(config, options);
    return unchanged.get(name) ?? { name, config, settings: issuerSettings(config), keySet };
  });
};

/** Compared byte for byte: an alias is another spelling that somebody allowed, never a guess of ours. */
export const byIss = (trusts: readonly Trust[]): ReadonlyMap<unknown, Trust> =>
  new Map(
    trusts.flatMap((trust) => {
      const { issuer, aliases, assumeIssuer } = trust.config;
      const spellings = [issuer, ...aliases, ...(assumeIssuer ? [undefined] : [])];
      return spellings.map((iss): [unknown, Trust] => [iss, trust]);
    }),
  );
