import { type OpenAPIObject } from '@nestjs/swagger';

/** Which methods a path has, as the OpenAPI document says. */
export class AllowedMethods {
  #routes: readonly { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];

  read(document: OpenAPIObject): void {
    this.#routes = Object.entries(document.paths).map(([path, item]) => ({
      pattern: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
      methods: Object.keys(item).map((method) => method.toUpperCase()),
    }));
  }

  of(url: string): readonly string[] {
    const [path = ''] = url.split('?');
    return this.#routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods);
  }
}
