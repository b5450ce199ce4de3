package org.llava4j.data.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FailedDownload;

/** PNG and JPEG decoder to RGB. The format is detected by the first bytes, because file extensions are often wrong. */
public final class ImageFiles {
    /** Maximum number of pixels, a protection against decompression bombs. */
    static final int MAX_PIXELS = 50_000_000;

    private static final HexFormat HEX = HexFormat.of();
    private static final byte[] PNG = HEX.parseHex("89504e470d0a1a0a");
    private static final byte[] JPEG = HEX.parseHex("ffd8ff");
    /** Offset of the color type in a PNG, and its value for gray with alpha. */
    private static final int PNG_COLOR_TYPE_OFFSET = 25;

    private static final int PNG_GRAY_ALPHA = 4;

    private ImageFiles() {}

    /**
     * Decodes a file or an archive entry; see {@link ImageBytes}.
     *
     * @throws BadInputException if it is missing, damaged, truncated, neither PNG nor JPEG, a CMYK JPEG, or has more
     *     than {@link #MAX_PIXELS} pixels
     */
    public static RgbImage read(Path file) {
        return decode(ImageBytes.read(file), file.toString(), MAX_PIXELS);
    }

    /**
     * Decodes bytes in memory; see {@link #read}.
     *
     * @param file name in messages
     * @param maxPixels maximum number of pixels
     */
    public static RgbImage decode(byte[] bytes, String file, long maxPixels) {
        try {
            if (startsWith(bytes, PNG) && bytes.length > PNG_COLOR_TYPE_OFFSET) {
                boolean clip = bytes[PNG_COLOR_TYPE_OFFSET] != PNG_GRAY_ALPHA;
                BufferedImage image = decode(bytes, "png", file, maxPixels);
                return RasterToRgb.convert(
                        image, clip ? RasterToRgb.SixteenBitGray.CLIP : RasterToRgb.SixteenBitGray.UPPER_BYTE);
            }
            if (startsWith(bytes, JPEG)) {
                BufferedImage image = decode(JpegProfiles.remove(bytes), "jpeg", file, maxPixels);
                if (image.getRaster().getNumBands() % 2 == 0) {
                    throw new BadInputException(file + " is a CMYK JPEG; convert it to RGB");
                }
                return RasterToRgb.convert(image);
            }
            FailedDownload.reject(file, bytes);
            throw new BadInputException(file + " is neither PNG nor JPEG" + UnsupportedImageFormats.describe(bytes)
                    + "; convert it to one of them");
        } catch (BadInputException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            // The decoders throw many kinds of exceptions for damaged files, not only IOException.
            throw new BadInputException(
                    "cannot decode the image " + file + " (" + firstLine(e) + "); download or save it again", e);
        }
    }

    private static BufferedImage decode(byte[] bytes, String format, String file, long maxPixels) throws IOException {
        ImageReader reader = ImageIO.getImageReadersByFormatName(format).next();
        List<String> warnings = new ArrayList<>();
        try (ImageInputStream stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
            // Metadata is skipped: it is not needed, and its compressed texts and profiles could be decompression
            // bombs.
            reader.setInput(stream, true, true);
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
            if (pixels > maxPixels) {
                throw new BadInputException(file + " has " + reader.getWidth(0) + " x " + reader.getHeight(0)
                        + " pixels, more than the limit of " + maxPixels + "; scale it down");
            }
            BufferedImage image = reader.read(0);
            // Other warnings are about stray bytes, which decoders skip and which are common in real data sets.
            if (warnings.stream().anyMatch(w -> w.contains("EOI") || w.startsWith("Premature end"))) {
                throw new BadInputException(file + " is truncated; download or save it again");
            }
            return image;
        } finally {
            reader.dispose();
        }
    }

    private static boolean startsWith(byte[] bytes, byte[] signature) {
        return bytes.length >= signature.length
                && Arrays.equals(bytes, 0, signature.length, signature, 0, signature.length);
    }

    private static String firstLine(Exception e) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return message.lines().findFirst().orElse("");
    }
}
