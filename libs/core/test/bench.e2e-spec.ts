import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const NUMBERS = [
  ...['check_miss_ns', 'check_hit_ns', 'map_miss_ns', 'map_hit_ns', 'bloom_filters_miss_ns', 'hash_only_ns'],
  ...['token_check_ns', 'bytes_per_entry', 'map_bytes_per_entry', 'alloc_bytes_per_check', 'apply_per_s'],
  ...['load_image_ms', 'max_slice_ms_p99', 'false_positive_rate', 'gc_pause_ms', 'gc_pause_empty_ms'],
] as const;

describe('The bench of the index', () => {
  it('prints one JSON object with every number, none of them absurd', async () => {
    const run = join(import.meta.dirname, 'bench', 'run.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [run, '--json', '--quick', '--sizes', '10000']);
    const report = JSON.parse(stdout) as { readonly sizes: Record<string, Record<string, number>> };
    const row = report.sizes['10k']!;
    expect(NUMBERS.filter((name) => !Number.isFinite(row[name]))).toEqual([]);
    // No times: what holds on any machine, however busy.
    expect(row['alloc_bytes_per_check']).toBeLessThan(2);
    expect(row['bytes_per_entry']).toBeLessThan(row['map_bytes_per_entry']!);
    expect(row['false_positive_rate']).toBeLessThan(0.01);
    expect(row['hash_only_ns']).toBeLessThan(row['check_miss_ns']! * 2);
  }, 240_000);
});
