import { describe, expect, it } from '@jest/globals';
import { toCommonJs } from './build-cjs.mjs';

describe('the CommonJS build', () => {
  it('keeps import(), so that an ES module can be loaded lazily', () => {
    expect(toCommonJs(`export const jose = () => import('jose');`, 'a.ts')).toContain(`import('jose')`);
  });

  it('turns static imports into require and drops those of types', () => {
    const source = `import { type A } from './a.js';\nimport { b } from './b.js';\nexport const c = (a: A) => b(a);`;
    expect(toCommonJs(source, 'c.ts')).toContain('require("./b.js")');
    expect(toCommonJs(source, 'c.ts')).not.toContain('./a.js');
  });

  it('keeps the constructor types that Nest injects by', () => {
    const source = `import { B } from './b.js';\n@Injectable()\nexport class A { constructor(readonly b: B) {} }`;
    expect(toCommonJs(source, 'a.ts')).toMatch(/"design:paramtypes", \[.*b_js_1\.B/);
  });

  it('refuses import.meta', () => {
    expect(() => toCommonJs('export const here = import.meta.url;', 'a.ts')).toThrow('a.ts: import.meta');
  });
});
