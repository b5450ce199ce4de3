package org.llava4j.data.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;

/**
 * A picture's bytes: a file, or an entry of a zip or tar that stands in its path as a folder would, as in
 * {@code photos.tar/train/1.jpg}. So a folder of pictures may be an archive everywhere, and nothing is unpacked.
 */
public final class ImageBytes {
    /** The most that {@link ImageFiles#MAX_PIXELS} take uncompressed, 16 bits of RGBA each. */
    private static final long MAX_BYTES = 8L * ImageFiles.MAX_PIXELS;

    private ImageBytes() {}

    /**
     * What tells that a picture is the one seen before.
     *
     * @param bytes its length
     * @param modified when it was last changed, or the archive that it is in
     */
    public record ImageVersion(long bytes, FileTime modified) {}

    /** All bytes. @throws BadInputException if there is no such picture, it cannot be read, or is far too large */
    public static byte[] read(Path image) {
        try {
            ImageArchive archive = ImageArchive.containing(image);
            if (archive != null) {
                return archive.read(image, MAX_BYTES);
            }
            requireSize(image, version(image).bytes());
            return Files.readAllBytes(image);
        } catch (IOException e) {
            throw unreadable(image, e);
        }
    }

    /** Length and time. @throws BadInputException if there is no such picture */
    public static ImageVersion version(Path image) {
        try {
            ImageArchive archive = ImageArchive.containing(image);
            if (archive != null) {
                return archive.version(image);
            }
            FileReadError.requireAccessible(image);
            if (!Files.isRegularFile(image)) {
                throw missing(image);
            }
            BasicFileAttributes now = Files.readAttributes(image, BasicFileAttributes.class);
            return new ImageVersion(now.size(), now.lastModifiedTime());
        } catch (IOException e) {
            throw unreadable(image, e);
        }
    }

    static void requireSize(Path image, long bytes) {
        if (bytes > MAX_BYTES) {
            throw new BadInputException(image + " has more than " + MAX_BYTES + " bytes; is it an image?");
        }
    }

    static BadInputException missing(Path image) {
        return new BadInputException("there is no image " + image + "; check the name and the image folder");
    }

    private static BadInputException unreadable(Path image, IOException e) {
        return FileReadError.of("the image " + image, e, "fetch it again");
    }
}
