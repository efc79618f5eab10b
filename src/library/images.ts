/** Images that a host stores before runs use them: a call's own input is bounded, and an image may be larger. */
import { tenantIn } from '../access/scopes.ts';
import { heddleError } from '../domain/errors.ts';
import { refuseField } from '../domain/field.ts';
import { limits } from '../domain/limits.ts';
import { bytesIn, type StoredImagePart } from '../domain/model/images.ts';
import { checkMediaType } from '../domain/model/message-input.ts';
import { asOptions } from '../domain/options.ts';
import type { TenantScope } from '../domain/scope.ts';
import type { Runtime } from '../runtime/runtime.ts';

export type { StoredImagePart };

/** An image to store. */
export type ImageInput = {
  /** The tenant whose runs may use it. Default `default`. */
  readonly tenant?: string;
  /** The media type, such as `image/png`. */
  readonly mediaType: string;
  /** The bytes, or the bytes in base64: at most 20 MiB. */
  readonly data: string | Uint8Array;
};

export async function storeImage(
  { ids, settings, store }: Pick<Runtime, 'ids' | 'settings' | 'store'>,
  given: ImageInput,
  within: TenantScope,
): Promise<StoredImagePart> {
  const options = asOptions(given, 'storeImage', ['tenant', 'mediaType', 'data']);
  const scope = tenantIn(within, options.tenant);
  const mediaType = checkMediaType(options.mediaType, 'storeImage.mediaType');
  const bytes = bytesOf(options.data);
  const sha256 = ids.sha256(bytes);
  const { imageBytesMax: tenantBytesMax } = settings;
  const data = bytes.toString('base64');
  if (!(await store.storeImage(scope, { sha256, mediaType, data, tenantBytesMax }))) {
    const resource = 'bytes of images';
    const detail = { resource, max: tenantBytesMax, setting: 'imageBytesMax' };
    throw heddleError('quota-exceeded', detail);
  }
  return { type: 'image', mediaType, sha256 };
}

/** A copy of the bytes, which the host may change meanwhile. */
function bytesOf(data: unknown): Buffer {
  const field = 'storeImage.data';
  const { oneImageBytesMax } = limits;
  const isBytes = Object.prototype.toString.call(data) === '[object Uint8Array]';
  if (typeof data !== 'string' && !(isBytes && ArrayBuffer.isView(data))) {
    refuseField(field, 'must be a Uint8Array, or a text in base64');
  }
  const size = typeof data === 'string' ? bytesIn(data) : data.byteLength;
  if (size > oneImageBytesMax) refuseField(field, `is larger than ${oneImageBytesMax} bytes`);
  if (size <= 0) refuseField(field, 'is empty');
  if (typeof data !== 'string') {
    return Buffer.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  const bytes = Buffer.from(data, 'base64');
  // What is no base64 was left out.
  if (bytes.length !== size || data.length % 4 !== 0) refuseField(field, 'must be base64');
  return bytes;
}
