package org.llava4j.data.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;
import org.llava4j.data.Sha256;

/**
 * Encoded bytes of an image: a file, or an entry of a zip or tar archive that appears in the path like a folder, as in
 * {@code photos.tar/train/1.jpg}. An image folder can therefore be an archive, which is never unpacked.
 */
public final class ImageBytes {
    /** Uncompressed size of {@link ImageFiles#MAX_PIXELS} pixels with 16 bits per RGBA channel. */
    private static final long MAX_BYTES = 8L * ImageFiles.MAX_PIXELS;

    private ImageBytes() {}

    /**
     * Version of an image file, for detecting changes.
     *
     * @param bytes size of the image file or entry
     * @param modified modification time of the image file, or of the archive that contains it
     */
    public record ImageVersion(long bytes, FileTime modified) {}

    /**
     * Reads all bytes.
     *
     * @throws BadInputException if the image does not exist, cannot be read or is too large
     */
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

    /**
     * SHA-256 of the bytes, in hexadecimal. An image file is not held in memory.
     *
     * @throws BadInputException if the image does not exist, cannot be read or is too large
     */
    public static String sha256(Path image) {
        if (!file(image).equals(image)) {
            return Sha256.of(read(image));
        }
        requireSize(image, version(image).bytes());
        return Sha256.of(image);
    }

    /**
     * The file that has the bytes: the image file, or the archive that contains it.
     *
     * @throws BadInputException if the image does not exist
     */
    public static Path file(Path image) {
        version(image);
        Path archive = ImageArchive.fileOf(image);
        return archive == null ? image : archive;
    }

    /**
     * The size and modification time.
     *
     * @throws BadInputException if the image does not exist
     */
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

    /**
     * A key that is equal for references to the same content: a decoded image, or a file in the same version.
     *
     * @throws BadInputException if the image does not exist
     */
    public static Object contentKey(ImageRef image) {
        return image instanceof ImageRef.InFile file ? new FileContent(file, version(file.path())) : image;
    }

    private record FileContent(ImageRef.InFile file, ImageVersion version) {}

    static void requireSize(Path image, long bytes) {
        if (bytes > MAX_BYTES) {
            throw new BadInputException(image + " has more than " + MAX_BYTES + " bytes; is it an image?");
        }
    }

    static BadInputException missing(Path image) {
        return new BadInputException("there is no image " + image + "; check the name and the image folder");
    }

    private static BadInputException unreadable(Path image, IOException e) {
        return FileReadError.of("the image " + image, e, "download it again");
    }
}
