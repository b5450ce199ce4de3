package org.llava4j.data;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Files that are either whole or not there: written beside their final name, forced to the disk, then moved into
 * place. A reader, or a crash, never sees half of one.
 */
public final class AtomicFile {
    private AtomicFile() {}

    /** Writes the bytes of one file. */
    @FunctionalInterface
    public interface ContentWriter {
        void writeTo(FileChannel channel) throws IOException;
    }

    /**
     * Makes missing parent folders and writes {@code target}, replacing what was there.
     *
     * @throws BadInputException if the place cannot be written; nothing is left behind then
     */
    public static void write(Path target, ContentWriter body) {
        Path file = RealPath.of(target);
        Path unfinished = null;
        try {
            if (Files.isDirectory(file)) {
                throw new BadInputException(target + " is a folder; name a file");
            }
            Files.createDirectories(file.getParent());
            unfinished =
                    file.resolveSibling("." + file.getFileName() + "." + Long.toHexString(System.nanoTime()) + ".part");
            try (FileChannel channel =
                    FileChannel.open(unfinished, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                body.writeTo(channel);
                channel.force(true);
            }
            move(unfinished, file);
            unfinished = null;
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot write " + target + " (" + IoReason.of(e) + "); choose a folder that can be written", e);
        } finally {
            deleteQuietly(unfinished);
        }
    }

    /** As {@link #write}, for a text in UTF-8. */
    public static void writeString(Path target, String text) {
        write(target, channel -> {
            var bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void deleteQuietly(Path file) {
        if (file == null) {
            return;
        }
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // The failure that led here is already on its way to the user; a leftover dot file must not hide it.
            file.toFile().deleteOnExit();
        }
    }
}
