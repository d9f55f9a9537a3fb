import { type TextFilter } from './text-filter.js';
import { createKeyedHash, type KeyedHash } from '../src/keyed-hash.js';

export interface BloomFilterOptions {
  /** 16 bytes, secret: with a known one a client could aim its token ids at full bits. */
  readonly hashKey: Uint8Array;
  /** Keys before it grows for the first time. Default 65,536: 128 KiB at the default rate. */
  readonly capacity?: number;
  /** Share of foreign keys that may pass, below 1. Default 0.01: each costs one look-up in the exact set, never an answer. */
  readonly falsePositiveRate?: number;
}

const CAPACITY_DEFAULT = 65_536;
const FALSE_POSITIVE_RATE_DEFAULT = 0.01;

/**
 * A scalable Bloom filter (Almeida et al. 2007): when a layer is full a larger and stricter one is put in front of it, so
 * that growing moves no key and loses none. The layers' rates halve each time, which keeps their sum below the wanted rate.
 */
export const createBloomFilter = (options: BloomFilterOptions): TextFilter => new BloomFilter(options);

class BloomFilter implements TextFilter {
  readonly #hash: KeyedHash;
  readonly #capacity: number;
  readonly #falsePositiveRate: number;
  #layers: Layer[] = [];
  added = 0;

  constructor({ hashKey, capacity, falsePositiveRate }: BloomFilterOptions) {
    this.#hash = createKeyedHash(hashKey);
    this.#capacity = Math.max(1, capacity ?? CAPACITY_DEFAULT);
    this.#falsePositiveRate = falsePositiveRate ?? FALSE_POSITIVE_RATE_DEFAULT;
    if (!(this.#falsePositiveRate > 0 && this.#falsePositiveRate < 1)) {
      throw new RangeError('falsePositiveRate must lie between 0 and 1.');
    }
  }

  get bytes(): number {
    return this.#layers.reduce((sum, layer) => sum + layer.bits.byteLength, 0);
  }

  add(key: string): void {
    const layer = this.#roomiest();
    const { 0: first = 0, 1: second = 0 } = this.#hash(key);
    for (let i = 0; i < layer.probes; i++) {
      const bit = bitOf(layer, first, second, i);
      layer.bits[bit >>> 5] = (layer.bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
    layer.room--;
    this.added++;
  }

  mightContain(key: string): boolean {
    if (this.#layers.length === 0) return false;
    const { 0: first = 0, 1: second = 0 } = this.#hash(key);
    return this.#layers.some((layer) => contains(layer, first, second));
  }

  rebuild(keys: Iterable<string>): void {
    this.#layers = [];
    this.added = 0;
    for (const key of keys) this.add(key);
  }

  #roomiest(): Layer {
    const newest = this.#layers[0];
    if (newest !== undefined && newest.room > 0) return newest;
    const generation = this.#layers.length;
    const layer = createLayer(this.#capacity * 2 ** generation, this.#falsePositiveRate / 2 ** (generation + 1));
    // The largest layer holds the most keys: asked first, it ends most checks that end with "perhaps".
    this.#layers.unshift(layer);
    return layer;
  }
}

interface Layer {
  readonly bits: Uint32Array;
  /** A power of two minus one: how many bits there are is rounded up, so that a probe is a mask. */
  readonly mask: number;
  readonly probes: number;
  room: number;
}

const createLayer = (capacity: number, falsePositiveRate: number): Layer => {
  const bitsPerKey = -Math.log2(falsePositiveRate) / Math.LN2;
  const size = 2 ** Math.min(32, Math.max(5, Math.ceil(Math.log2(capacity * bitsPerKey))));
  const probes = Math.max(1, Math.ceil(-Math.log2(falsePositiveRate)));
  return { bits: new Uint32Array(size / 32), mask: size - 1, probes, room: capacity };
};

/** Double hashing (Kirsch and Mitzenmacher 2006): two words make all probes. An odd step visits every bit before it repeats. */
const bitOf = (layer: Layer, first: number, second: number, probe: number): number =>
  ((first + Math.imul(probe, second | 1)) & layer.mask) >>> 0;

const contains = (layer: Layer, first: number, second: number): boolean => {
  for (let i = 0; i < layer.probes; i++) {
    const bit = bitOf(layer, first, second, i);
    if (((layer.bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
  }
  return true;
};
