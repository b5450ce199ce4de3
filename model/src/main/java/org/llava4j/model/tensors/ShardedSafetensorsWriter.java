package org.llava4j.model.tensors;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.llava4j.data.AtomicFile;

/**
 * Writer of Hugging Face weight folders, which {@link SafetensorsFolder} reads: one {@code model.safetensors} or, above
 * a size limit, shards {@code model-00001-of-00003.safetensors} and so on with their index. Tensors are assigned to
 * shards in the order of their names. Output is deterministic.
 */
public final class ShardedSafetensorsWriter {
    private ShardedSafetensorsWriter() {}

    /**
     * Writes weights into a folder.
     *
     * @param folder an existing folder
     * @param tensors the weights
     * @param shardBytes size limit of a shard in bytes; a tensor that exceeds it has a shard of its own
     * @throws org.llava4j.data.BadInputException if the folder cannot be written
     */
    public static void write(Path folder, Collection<LazyTensor> tensors, long shardBytes) {
        write(folder, tensors, shardBytes, Map.of());
    }

    /**
     * As {@link #write(Path, Collection, long)}, with metadata.
     *
     * @param metadata strings to store in each file in addition to {@code format}
     */
    public static void write(
            Path folder, Collection<LazyTensor> tensors, long shardBytes, Map<String, String> metadata) {
        List<List<LazyTensor>> shards = shards(tensors, shardBytes);
        if (shards.size() == 1) {
            SafetensorsWriter.write(folder.resolve(SafetensorsFolder.SINGLE), shards.get(0), metadata);
            return;
        }
        ObjectNode index = JsonNodeFactory.instance.objectNode();
        index.putObject("metadata")
                .put(
                        "total_size",
                        tensors.stream()
                                .mapToLong(tensor -> tensor.info().bytes())
                                .sum());
        ObjectNode map = index.putObject("weight_map");
        for (int i = 0; i < shards.size(); i++) {
            String file = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            SafetensorsWriter.write(folder.resolve(file), shards.get(i), metadata);
            shards.get(i).forEach(tensor -> map.put(tensor.name(), file));
        }
        AtomicFile.writeString(
                folder.resolve(ShardedFolder.indexOf(SafetensorsFolder.SINGLE)), index.toPrettyString() + "\n");
    }

    private static List<List<LazyTensor>> shards(Collection<LazyTensor> tensors, long shardBytes) {
        List<List<LazyTensor>> shards = new ArrayList<>(List.of(new ArrayList<>()));
        long lastShardBytes = 0;
        for (LazyTensor tensor :
                tensors.stream().sorted(Comparator.comparing(LazyTensor::name)).toList()) {
            long bytes = tensor.info().bytes();
            if (lastShardBytes > 0 && lastShardBytes + bytes > shardBytes) {
                shards.add(new ArrayList<>());
                lastShardBytes = 0;
            }
            shards.get(shards.size() - 1).add(tensor);
            lastShardBytes += bytes;
        }
        return shards;
    }
}
