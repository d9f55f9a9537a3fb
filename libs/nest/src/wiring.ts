import { type Type } from '@nestjs/common';
import { MetadataScanner, type ApplicationConfig, type ModulesContainer } from '@nestjs/core';
import { POLICY, type RoutePolicy } from './decorators.js';

/** A policy found on a class or a method, named for messages. */
export interface DeclaredPolicy extends RoutePolicy {
  readonly where: string;
}

/** Whether a candidate is `guard`, extends it, or is an instance of it. */
export const isA = (guard: Type, candidate: unknown): boolean =>
  candidate instanceof guard ||
  (typeof candidate === 'function' && (candidate === guard || candidate.prototype instanceof guard));

/** Whether `guard` stands before any handler: application-wide, or on a controller or a route. */
export function isGuardWired(guard: Type, modules: ModulesContainer, config: ApplicationConfig): boolean {
  if (isGuardGlobal(guard, config)) return true;
  // Guards named in @UseGuards() are the injectables of the module whose controller names them.
  return [...modules.values()].some((module) =>
    [...module.injectables.values()].some((wrapper) => isA(guard, wrapper.metatype) || isA(guard, wrapper.instance)),
  );
}

/** Whether `guard`, or one that extends it, stands before the whole application. */
export const isGuardGlobal = (guard: Type, config: ApplicationConfig): boolean =>
  config.getGlobalGuards().some((instance) => isA(guard, instance)) ||
  config.getGlobalRequestGuards().some((wrapper) => isA(guard, wrapper.metatype));

/** Every @RevocationPolicy() of the application, on controllers, gateways and resolvers alike. */
export const declaredPolicies = (modules: ModulesContainer): readonly DeclaredPolicy[] =>
  classesOf(modules).flatMap(policiesOf);

/** Controllers, gateways, resolvers and all else that has handlers. */
export function classesOf(modules: ModulesContainer): readonly Type[] {
  const classes = new Set<Type>();
  for (const module of modules.values()) {
    for (const { metatype } of [...module.controllers.values(), ...module.providers.values()]) {
      if (typeof metatype === 'function' && metatype.prototype !== undefined) classes.add(metatype as Type);
    }
  }
  return [...classes];
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
