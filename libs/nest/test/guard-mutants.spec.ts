import { Logger, type ExecutionContext } from '@nestjs/common';
import { Reflector, type HttpAdapterHost } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { describe, expect, it } from '@jest/globals';
import { RevocationGuard, type RevocationGuardOptions, type RevocationNode } from '@revocast/nest';
import { TestRevocations } from '@revocast/nest/testing';

/** Puts a guard together; a mutant puts another one together, or another node behind it. */
interface Maker {
  readonly guard: typeof RevocationGuard;
  readonly node: (node: RevocationNode) => RevocationNode;
}

const REAL: Maker = { guard: RevocationGuard, node: (node) => node };

Logger.overrideLogger(false);

class Resolver {
  handle(): void {
    throw new Error('is not called');
  }
}

function contextOf(kind: string, ...args: unknown[]): ExecutionContext {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- Nest takes the handler without its class, too
  const context = new ExecutionContextHost(args, Resolver, Resolver.prototype.handle);
  context.setType(kind);
  return context;
}

function aGuard(maker: Maker, options: RevocationGuardOptions = {}) {
  const revocations = new TestRevocations();
  const guard = new maker.guard(maker.node(revocations.node), new Reflector(), {} as HttpAdapterHost, options);
  const passes = async (context: ExecutionContext): Promise<boolean> => {
    try {
      return await guard.canActivate(context);
    } catch {
      return false;
    }
  };
  return { revocations, passes };
}

const now = Math.floor(Date.now() / 1000);
const CLAIMS = { iss: 'https://issuer.test', sub: 'alice', iat: now, exp: now + 600 };

/** Whether a guard keeps it; each must be broken by a mutant, and by no other than the one made for it in the last column. */
const LAWS: Readonly<Record<string, (maker: Maker) => Promise<boolean>>> = {
  'a call of an unknown kind, without a request or without a place for a token never passes': async (maker) => {
    const { passes } = aGuard(maker);
    const calls = [
      contextOf('telegraf', { headers: {} }),
      contextOf('graphql', undefined, {}, {}, {}),
      contextOf('rpc', {}, { getPattern: () => 'who' }),
      contextOf('rpc', {}),
      contextOf('ws', {}, {}),
    ];
    const passed = await Promise.all(calls.map(passes));
    return !passed.includes(true);
  },
  'claims that lack what a live revocation asks for never pass': async (maker) => {
    const { revocations, passes } = aGuard(maker, { verifiedClaims: { from: 'user' } });
    revocations.revoke({ scope: 'session', sid: 'sid-1' });
    return !(await passes(contextOf('graphql', undefined, {}, { req: { headers: {}, user: CLAIMS } }, {})));
  },
  'a subscription ends with its token': async (maker) => {
    const { revocations, passes } = aGuard(maker);
    let isOpen = true;
    const socket = { close: () => (isOpen = false), once: () => undefined };
    const connectionParams = { authorization: `Bearer ${revocations.token()}` };
    const info = { operation: { operation: 'subscription' } };
    const passed = await passes(contextOf('graphql', undefined, {}, { connectionParams, extra: { socket } }, info));
    revocations.revoke({ scope: 'subject', sub: 'alice' });
    return passed && !isOpen;
  },
};

class Permissive extends RevocationGuard {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    try {
      return await super.canActivate(context);
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ERR_CONFIG') return true;
      throw error;
    }
  }
}

/** Its facts are a copy, in which what was not seen is not there. */
const trusting = (node: RevocationNode): RevocationNode => {
  const real = node.checkClaims.bind(node);
  node.checkClaims = (claims, policy) => {
    const answer = real(claims, { ...policy, mode: 'observe', whole: true });
    return answer.facts === undefined ? answer : node.recheck({ ...answer.facts }, policy);
  };
  return node;
};

const forgetful = (node: RevocationNode): RevocationNode => {
  node.live.register = () => () => undefined;
  return node;
};

const MUTANTS: readonly (readonly [name: string, maker: Maker, breaks: number])[] = [
  ['lets pass what it does not know', { ...REAL, guard: Permissive }, 0],
  ['reads missing claims as not there', { ...REAL, node: trusting }, 1],
  ['forgets the socket of a subscription', { ...REAL, node: forgetful }, 2],
];

describe('the laws of the guard', () => {
  it.each(Object.entries(LAWS))('%s', async (_name, keeps) => {
    await expect(keeps(REAL)).resolves.toBe(true);
  });

  it.each(MUTANTS)('fail a guard that %s', async (_name, maker, breaks) => {
    const kept = await Promise.all(Object.values(LAWS).map((keeps) => keeps(maker)));
    expect(kept.flatMap((isKept, law) => (isKept ? [] : [law]))).toEqual([breaks]);
  });
});
