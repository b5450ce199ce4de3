package org.llava4j.data.tensors;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;

/** Opens weights of whatever format they are in. */
public final class TensorFolder {
    /** Where the JSON of a safetensors file begins. */
    private static final int JSON_AT = 8;

    private TensorFolder() {}

    /**
     * The weights of a model folder, or of one file.
     *
     * <p>In a folder safetensors come before PyTorch files where there are both, as in {@code transformers}; other
     * files, such as a {@code mm_projector.bin} beside them, are left alone. A file is known by its first bytes,
     * whatever its name.
     *
     * @throws BadInputException if there are no weights, or they are not what {@link SafetensorsFolder} or
     *     {@link TorchFolder} reads
     */
    public static TensorStore open(Path path) {
        if (Files.isRegularFile(path)) {
            return openFile(path);
        }
        return single(path).equals(SafetensorsFolder.SINGLE) ? SafetensorsFolder.open(path) : TorchFolder.open(path);
    }

    /**
     * The files that {@link #open} reads, an index among them.
     *
     * @throws BadInputException if there are no weights, or an index is broken
     */
    public static List<Path> files(Path path) {
        return Files.isRegularFile(path) ? List.of(path) : ShardedFolder.files(path, single(path));
    }

    private static String single(Path path) {
        for (String single : List.of(SafetensorsFolder.SINGLE, TorchFolder.SINGLE)) {
            if (ShardedFolder.isIn(path, single)) {
                return single;
            }
        }
        FileReadError.requireAccessible(path.resolve(SafetensorsFolder.SINGLE));
        throw new BadInputException("there are no weights in " + path + "; it needs " + SafetensorsFolder.SINGLE
                + " or " + TorchFolder.SINGLE + ", or for shards "
                + ShardedFolder.indexOf(SafetensorsFolder.SINGLE) + " or "
                + ShardedFolder.indexOf(TorchFolder.SINGLE));
    }

    /** Whether a folder holds weights by the names that {@link #open} looks for. */
    public static boolean isIn(Path folder) {
        return ShardedFolder.isIn(folder, SafetensorsFolder.SINGLE) || ShardedFolder.isIn(folder, TorchFolder.SINGLE);
    }

    private static TensorStore openFile(Path file) {
        byte[] start = firstBytes(file);
        if (start.length > JSON_AT && start[JSON_AT] == '{') {
            return SafetensorsFile.open(file);
        }
        boolean zip = start.length > 1 && start[0] == 'P' && start[1] == 'K';
        boolean pickle = start.length > 0 && start[0] == (byte) 0x80;
        if (zip || pickle) {
            return TorchFile.open(file);
        }
        throw new BadInputException(file + " is neither a safetensors nor a PyTorch file; is it the right file?");
    }

    private static byte[] firstBytes(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(JSON_AT + 1);
        } catch (IOException e) {
            throw FileReadError.of(file, e, "fetch the file again");
        }
    }
}
