import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { RevocationError } from '@revocast/core';
import { problemAnswer, ProblemError, PROBLEMS } from './problem.js';

describe('A problem document', () => {
  it('of an error of ours has its code, its status and its text', () => {
    const { problem, headers } = problemAnswer(new RevocationError('ERR_CAPACITY', 'There is no room left.'));
    expect(problem).toEqual({
      type: 'urn:revocast:error:ERR_CAPACITY',
      title: 'There is no room',
      status: 429,
      code: 'ERR_CAPACITY',
      detail: 'There is no room left.',
    });
    expect(headers).toEqual({ 'retry-after': '5' });
  });

  it.each([
    new Error('SELECT secret FROM vault'),
    new RevocationError('ERR_INVARIANT', 'SELECT secret FROM vault'),
    new RevocationError('ERR_SEQUENCE_GAP', 'SELECT secret FROM vault'),
    'SELECT secret FROM vault',
    undefined,
    { statusCode: 500, message: 'SELECT secret FROM vault' },
  ])('of anything else is an opaque 500 (%#)', (error) => {
    const { problem } = problemAnswer(error);
    expect(problem).toEqual({
      type: 'urn:revocast:error:ERR_INVARIANT',
      title: 'Something is broken here',
      status: 500,
      code: 'ERR_INVARIANT',
    });
  });

  it('names the accepted command, and may add headers', () => {
    const error = new ProblemError('ERR_PUBLISH_UNKNOWN', 'later', {
      id: 'r1',
      state: 'accepted',
      headers: { location: '/r1' },
    });
    const { problem, headers } = problemAnswer(error);
    expect(problem).toMatchObject({ id: 'r1', state: 'accepted' });
    expect(problem).not.toHaveProperty('headers');
    expect(headers).toEqual({ 'retry-after': '5', location: '/r1' });
  });

  it('has a code that the documentation explains', () => {
    const documentation = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
    for (const [code, { status }] of Object.entries(PROBLEMS)) {
      expect(documentation).toMatch(new RegExp(`\`${code}\` *\\|[^|]*(?:${status}|anywhere)|\`${code}\``));
    }
  });
});
