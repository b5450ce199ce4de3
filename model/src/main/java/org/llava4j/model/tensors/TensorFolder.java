package org.llava4j.model.tensors;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileReadError;

/** Opens weights in any supported format. */
public final class TensorFolder {
    /** Offset of the JSON header in a safetensors file. */
    private static final int JSON_AT = 8;

    private TensorFolder() {}

    /**
     * Opens the weights of a model folder, or one weight file.
     *
     * <p>If a folder contains both formats, safetensors take precedence over PyTorch files, as in {@code transformers};
     * other files, such as {@code mm_projector.bin}, are ignored. The format of a single file is detected by its first
     * bytes, not by its name.
     *
     * @throws BadInputException if there are no weights, or {@link SafetensorsFolder} or {@link TorchFolder} rejects
     *     them
     */
    public static TensorStore open(Path path) {
        if (Files.isRegularFile(path)) {
            return openFile(path);
        }
        return single(path).equals(SafetensorsFolder.SINGLE) ? SafetensorsFolder.open(path) : TorchFolder.open(path);
    }

    /**
     * The files that {@link #open} reads, including an index.
     *
     * @throws BadInputException if there are no weights, or an index is invalid
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

    /** Whether a folder contains weights under the file names that {@link #open} looks for. */
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
            throw FileReadError.of(file, e, "download the file again");
        }
    }
}
