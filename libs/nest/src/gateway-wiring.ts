import { type Type } from '@nestjs/common';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { PUBLIC } from './decorators.js';
import { globalGuardsReachGateways } from './nest-exceptions.js';
import { classesOf, isA } from './wiring.js';

// As Nest itself writes them; the package they are from is not in every application.
const [GATEWAY, MESSAGE, GUARDS] = ['websockets:is_gateway', 'websockets:message_mapping', '__guards__'];

/**
 * Gateways with messages that a guard of the whole application is never asked about, which Nest leaves out before its version
 * 12, though every other kind of call asks it. Empty where Nest asks, and where `guard` is named or the message is public.
 */
export async function gatewaysLeftOut(guard: Type, modules: ModulesContainer): Promise<readonly string[]> {
  const unguarded = unguardedGateways(guard, modules);
  return unguarded.length === 0 || (await globalGuardsReachGateways()) ? [] : unguarded;
}

export function unguardedGateways(guard: Type, modules: ModulesContainer): readonly string[] {
  return classesOf(modules)
    .filter((metatype) => Reflect.getMetadata(GATEWAY, metatype) === true && !isSettled(guard, metatype))
    .flatMap((metatype) => (hasOpenMessage(guard, metatype) ? [metatype.name] : []));
}

function hasOpenMessage(guard: Type, metatype: Type): boolean {
  const prototype = metatype.prototype as Record<string, object>;
  return new MetadataScanner()
    .getAllMethodNames(prototype)
    .flatMap((name) => prototype[name] ?? [])
    .some((method) => Reflect.getMetadata(MESSAGE, method) === true && !isSettled(guard, method));
}

/** Whether somebody has decided about a class or a method: by our guard, or for everybody. */
function isSettled(guard: Type, target: object): boolean {
  const guards = (Reflect.getMetadata(GUARDS, target) ?? []) as readonly unknown[];
  return Reflect.getMetadata(PUBLIC, target) === true || guards.some((each) => isA(guard, each));
}
