package org.llava4j.data.image;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.ZipFile;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FailedDownload;
import org.llava4j.data.FileReadError;

/** Open zip or tar archive of images, indexed once per version of the file and cached. Thread-safe. */
abstract class ImageArchive {
    private static final Map<Path, ImageArchive> OPEN = new ConcurrentHashMap<>();

    private final FileTime modified;

    private ImageArchive(FileTime modified) {
        this.modified = modified;
    }

    /** Size of an entry in bytes, or -1 if it does not exist. */
    abstract long size(String entry);

    abstract InputStream open(String entry) throws IOException;

    /** The archive that the path of an image leads through; null if it consists of folders only. */
    static @Nullable ImageArchive containing(Path image) throws IOException {
        Path archive = fileOf(image);
        // Not normalized: after a symbolic link, ".." is the parent of the target folder.
        return archive == null ? null : opened(archive.toRealPath());
    }

    /** Returns the file that the path of an image leads through as if it were a folder, or null if there is none. */
    static @Nullable Path fileOf(Path image) {
        Path parent = image.getParent();
        // The parents of a folder are folders.
        while (parent != null && !Files.isDirectory(parent)) {
            if (Files.isRegularFile(parent)) {
                return parent;
            }
            parent = parent.getParent();
        }
        return null;
    }

    /** Returns null if the file is not an archive. */
    private static @Nullable ImageArchive opened(Path file) throws IOException {
        FileTime now = Files.getLastModifiedTime(file);
        ImageArchive cached = OPEN.get(file);
        if (cached == null || !cached.modified.equals(now)) {
            ArchiveFormat format = ArchiveFormat.of(file);
            if (format == null) {
                return null;
            }
            synchronized (OPEN) {
                cached = OPEN.get(file);
                if (cached == null || !cached.modified.equals(now)) {
                    cached = open(file, format, now);
                    OPEN.put(file, cached);
                }
            }
        }
        return cached;
    }

    private static ImageArchive open(Path file, ArchiveFormat format, FileTime now) {
        try {
            FailedDownload.reject(file);
            return format == ArchiveFormat.ZIP ? new Zip(file, now) : new Tar(file, now);
        } catch (FileSystemException e) {
            throw FileReadError.of(file, e, "check the path");
        } catch (IOException | IllegalArgumentException e) {
            throw new BadInputException(
                    file + ": is not a valid " + format.displayName() + " (" + e.getMessage() + "); download it again",
                    e);
        }
    }

    byte[] read(Path image, long maxBytes) throws IOException {
        ImageBytes.requireSize(image, version(image).bytes());
        try (InputStream in = open(entry(image))) {
            byte[] bytes = in.readNBytes((int) Math.min(Integer.MAX_VALUE, maxBytes + 1));
            ImageBytes.requireSize(image, bytes.length);
            return bytes;
        }
    }

    ImageBytes.ImageVersion version(Path image) {
        long bytes = size(entry(image));
        if (bytes < 0) {
            throw ImageBytes.missing(image);
        }
        return new ImageBytes.ImageVersion(bytes, modified);
    }

    private static String entry(Path image) {
        int depth = Objects.requireNonNull(fileOf(image)).getNameCount();
        return image.subpath(depth, image.getNameCount()).normalize().toString().replace('\\', '/');
    }

    private static final class Zip extends ImageArchive {
        private final ZipFile zip;

        Zip(Path file, FileTime modified) throws IOException {
            super(modified);
            zip = new ZipFile(file.toFile());
        }

        @Override
        long size(String entry) {
            var found = zip.getEntry(entry);
            return found == null || found.isDirectory() ? -1 : Math.max(0, found.getSize());
        }

        @Override
        InputStream open(String entry) throws IOException {
            return zip.getInputStream(zip.getEntry(entry));
        }
    }

    private static final class Tar extends ImageArchive {
        private final TarFile tar;
        private final Map<String, TarArchiveEntry> entries = new HashMap<>();

        Tar(Path file, FileTime modified) throws IOException {
            super(modified);
            tar = new TarFile(file);
            if (tar.getEntries().isEmpty()) {
                throw new IOException("it is empty");
            }
            for (TarArchiveEntry entry : tar.getEntries()) {
                if (entry.isFile()) {
                    entries.put(entry.getName().replaceFirst("^\\./", ""), entry);
                }
            }
        }

        @Override
        long size(String entry) {
            TarArchiveEntry found = entries.get(entry);
            return found == null ? -1 : found.getSize();
        }

        @Override
        InputStream open(String entry) throws IOException {
            return tar.getInputStream(entries.get(entry));
        }

        /** Serialized, because all entries are read through one file position. */
        @Override
        byte[] read(Path image, long maxBytes) throws IOException {
            synchronized (tar) {
                return super.read(image, maxBytes);
            }
        }
    }
}
