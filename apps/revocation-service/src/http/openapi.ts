import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

/** The OpenAPI document, made from the routes and their schemas. */
export function describeApi(app: NestFastifyApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Revocast revocation service')
    .setDescription(
      'Revoke tokens everywhere, and know that it happened. Errors are problem documents of RFC 9457 with a stable `code`.',
    )
    .setVersion('1')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: 'An API key, or a JWT of an operator issuer.' },
      'operator',
    )
    .addSecurityRequirements('operator')
    .build();
  return SwaggerModule.createDocument(app, builder);
}
