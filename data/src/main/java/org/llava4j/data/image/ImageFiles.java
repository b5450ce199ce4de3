package org.llava4j.data.image;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FailedDownload;

/**
 * Decoder of image files to RGB, for all of {@link ImageFormat}, with the pixels of Pillow's {@code convert("RGB")}. Of
 * an animation or a file of several pages the first image is read.
 */
public final class ImageFiles {
    /** Maximum number of pixels, a protection against decompression bombs. */
    static final int MAX_PIXELS = 50_000_000;

    private ImageFiles() {}

    /**
     * Decodes a file or an archive entry as stored; see {@link ImageBytes}.
     *
     * @throws BadInputException if it is missing, damaged, truncated, of an unsupported format, or has more than
     *     {@link #MAX_PIXELS} pixels
     */
    public static RgbImage read(Path file) {
        return read(file, ExifOrientation.IGNORE);
    }

    /** As {@link #read(Path)}, with a treatment of the EXIF orientation. */
    public static RgbImage read(Path file, ExifOrientation orientation) {
        return decode(ImageBytes.read(file), file.toString(), DecodeOptions.DEFAULT.withOrientation(orientation));
    }

    /**
     * Decodes bytes in memory; see {@link #read(Path)}.
     *
     * @param name name in messages
     * @throws DecodeCancelledException if the options' check cancels
     */
    public static RgbImage decode(byte[] bytes, String name, DecodeOptions options) {
        ImageFormat format = format(bytes, name);
        return guarded(format, bytes, name, image -> {
            header(format, image).requireAtMost(options.maxPixels(), name);
            RgbImage decoded = image.decode(options.check());
            return options.orientation() == ExifOrientation.APPLY
                    ? OrientationTransform.apply(decoded, image.orientation())
                    : decoded;
        });
    }

    /**
     * Reads the header of an image.
     *
     * @param name name in messages
     * @throws BadInputException if the format is unsupported or the header is damaged
     */
    public static ImageHeader header(byte[] bytes, String name) {
        ImageFormat format = format(bytes, name);
        return guarded(format, bytes, name, image -> header(format, image));
    }

    private static ImageHeader header(ImageFormat format, ParsedImage image) {
        return new ImageHeader(format, image.width(), image.height(), image.work());
    }

    private interface Step<T> {
        T run(ParsedImage image) throws IOException;
    }

    private static <T> T guarded(ImageFormat format, byte[] bytes, String name, Step<T> step) {
        try {
            return step.run(format.parse(bytes));
        } catch (BadInputException | DecodeCancelledException e) {
            throw e;
        } catch (TruncatedImageException e) {
            throw new BadInputException(name + " is truncated; download or save it again", e);
        } catch (UnsupportedImageException e) {
            throw new BadInputException(name + " is " + e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            // Some decoders wrap the exceptions of their input.
            for (@Nullable Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof DecodeCancelledException cancelled) {
                    throw cancelled;
                }
            }
            // The decoders throw many kinds of exceptions for damaged files, not only IOException.
            throw new BadInputException(
                    "cannot decode the image " + name + " (" + firstLine(e) + "); download or save it again", e);
        }
    }

    private static ImageFormat format(byte[] bytes, String name) {
        @Nullable ImageFormat format = ImageFormat.of(bytes);
        if (format == null) {
            FailedDownload.reject(name, bytes);
            throw new BadInputException(name + " is not a " + ImageFormat.NAMES
                    + UnsupportedImageFormats.describe(bytes) + "; convert it to one of them");
        }
        return format;
    }

    private static String firstLine(Exception e) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return message.lines().findFirst().orElse("");
    }
}
