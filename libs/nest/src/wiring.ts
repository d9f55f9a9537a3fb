import { type Type } from '@nestjs/common';
import { MetadataScanner, type ApplicationConfig, type ModulesContainer } from '@nestjs/core';
import { POLICY, type RoutePolicy } from './decorators.js';

/** A policy found on a class or a method, named for messages. */
export interface DeclaredPolicy extends RoutePolicy {
  readonly where: string;
}

const isA = (guard: Type, candidate: unknown): boolean =>
  typeof candidate === 'function' && (candidate === guard || candidate.prototype instanceof guard);

/** Whether `guard` stands before any handler: application-wide, or on a controller or a route. */
export function isGuardWired(guard: Type, modules: ModulesContainer, config: ApplicationConfig): boolean {
  if (config.getGlobalGuards().some((instance) => instance instanceof guard)) return true;
  if (config.getGlobalRequestGuards().some((wrapper) => isA(guard, wrapper.metatype))) return true;
  // Guards named in @UseGuards() are the injectables of the module whose controller names them.
  return [...modules.values()].some((module) =>
    [...module.injectables.values()].some(
      (wrapper) => isA(guard, wrapper.metatype) || wrapper.instance instanceof guard,
    ),
  );
}

/** Every @RevocationPolicy() of the application, on controllers, gateways and resolvers alike. */
export function declaredPolicies(modules: ModulesContainer): readonly DeclaredPolicy[] {
  const classes = new Set<Type>();
  for (const module of modules.values()) {
    for (const { metatype } of [...module.controllers.values(), ...module.providers.values()]) {
      if (typeof metatype === 'function' && metatype.prototype !== undefined) classes.add(metatype as Type);
    }
  }
  return [...classes].flatMap(policiesOf);
}

function policiesOf(metatype: Type): readonly DeclaredPolicy[] {
  const prototype = metatype.prototype as Record<string, object>;
  const methods = new MetadataScanner().getAllMethodNames(prototype);
  return [
    { target: metatype as object, where: metatype.name },
    ...methods.map((name) => ({ target: prototype[name], where: `${metatype.name}.${name}` })),
  ].flatMap(({ target, where }) => {
    const policy = target && (Reflect.getMetadata(POLICY, target) as RoutePolicy | undefined);
    return policy === undefined ? [] : [{ where, ...policy }];
  });
}
