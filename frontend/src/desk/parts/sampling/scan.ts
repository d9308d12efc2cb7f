/** Read a code from a photo with the phone's own reader, where it has one. */
interface Detector {
  detect: (picture: ImageBitmap) => Promise<{ rawValue: string }[]>
}
type Maker = new () => Detector
const maker = () => (globalThis as unknown as { BarcodeDetector?: Maker }).BarcodeDetector

export const canScan = () => !!maker()

/** The text of the first code in the picture, or "". */
export async function scan(file: Blob): Promise<string> {
  const Made = maker()
  if (!Made) return ''
  const picture = await createImageBitmap(file)
  try {
    return (await new Made().detect(picture))[0]?.rawValue ?? ''
  } finally {
    picture.close()
  }
}
