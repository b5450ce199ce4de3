package org.llava4j.model.tensors;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Weights of a Hugging Face model folder: one file of a fixed name, or the shards that its index lists. Index and
 * shards must agree on every tensor.
 */
abstract class ShardedFolder implements TensorStore {
    /** Prefix of metadata keys with which all shards must agree. */
    private static final String OWN_METADATA = "llava4j.";

    private final SortedMap<String, TensorInfo> tensors = new TreeMap<>();
    private final Map<String, String> metadata = new TreeMap<>();
    private final Map<String, TensorStore> shards = new TreeMap<>();
    private final Map<String, TensorStore> shardOf = new HashMap<>();

    /**
     * Opens all files of a folder and validates their headers.
     *
     * @param single file name of unsharded weights; shards have the same extension
     * @param opener opens one file
     * @throws BadInputException if there are no weights, a shard is missing, or index and shards disagree
     */
    ShardedFolder(Path folder, String single, Function<Path, TensorStore> opener) {
        String index = indexOf(single);
        boolean isSingle = Files.isRegularFile(folder.resolve(single));
        boolean isSharded = Files.isRegularFile(folder.resolve(index));
        if (isSingle && isSharded) {
            throw new BadInputException(
                    folder + " contains both " + single + " and " + index + "; remove the outdated one");
        }
        if (!isSingle && !isSharded) {
            throw new BadInputException(
                    "there are no weights in " + folder + "; it needs " + single + " or " + index + " with its shards");
        }
        boolean complete = false;
        try {
            if (isSingle) {
                add(single, opener.apply(folder.resolve(single)));
            } else {
                addShards(folder, index, suffix(single), opener);
            }
            complete = true;
        } finally {
            if (!complete) {
                closeAll();
            }
        }
    }

    /** Whether a folder contains the single file or the index. */
    static boolean isIn(Path folder, String single) {
        return Files.isRegularFile(folder.resolve(single)) || Files.isRegularFile(folder.resolve(indexOf(single)));
    }

    /** The weight files of a folder: the single file, or the index and the shards that it lists. */
    static List<Path> files(Path folder, String single) {
        Path index = folder.resolve(indexOf(single));
        if (!Files.isRegularFile(index)) {
            return List.of(folder.resolve(single));
        }
        List<Path> files = new ArrayList<>(List.of(index));
        new TreeSet<>(weightMap(index, suffix(single)).values()).forEach(shard -> files.add(folder.resolve(shard)));
        return files;
    }

    private static String suffix(String single) {
        return single.substring(single.lastIndexOf('.'));
    }

    static String indexOf(String single) {
        return single + ".index.json";
    }

    private TensorStore add(String fileName, TensorStore file) {
        shards.put(fileName, file);
        file.metadata().forEach((key, value) -> addMetadata(file, key, value));
        tensors.putAll(file.tensors());
        file.tensors().keySet().forEach(name -> shardOf.put(name, file));
        return file;
    }

    private void addMetadata(TensorStore file, String key, String value) {
        String before = metadata.putIfAbsent(key, value);
        if (key.startsWith(OWN_METADATA) && before != null && !before.equals(value)) {
            throw new BadInputException(file + " has \"" + key + "\": \"" + value + "\" but an earlier shard \""
                    + before + "\"; the shards belong to different models");
        }
    }

    private void addShards(Path folder, String indexName, String suffix, Function<Path, TensorStore> opener) {
        Path index = folder.resolve(indexName);
        SortedMap<String, String> weightMap = weightMap(index, suffix);
        for (String shard : new TreeSet<>(weightMap.values())) {
            Path path = folder.resolve(shard);
            if (!Files.isRegularFile(path)) {
                throw new BadInputException(
                        "the shard " + shard + " that " + index + " lists is missing; download it to " + folder);
            }
            for (String name : add(shard, opener.apply(path)).tensors().keySet()) {
                if (!shard.equals(weightMap.get(name))) {
                    throw new BadInputException("tensor \"" + name + "\" in " + path + " is not assigned to it by "
                            + indexName + "; index and shards belong to different models");
                }
            }
        }
        weightMap.forEach((name, shard) -> {
            if (!tensors.containsKey(name)) {
                throw new BadInputException("tensor \"" + name + "\" is listed by " + index + " but is not in " + shard
                        + "; index and shards belong to different models");
            }
        });
    }

    private static SortedMap<String, String> weightMap(Path index, String suffix) {
        SortedMap<String, String> map = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry : weightMapNode(index).properties()) {
            String shard = entry.getValue().textValue();
            // A plain name, because an index must not point outside its folder.
            if (shard == null || !shard.endsWith(suffix) || shard.contains("/") || shard.contains("\\")) {
                throw new BadInputException(index + " assigns " + entry.getValue() + " to tensor \"" + entry.getKey()
                        + "\"; it must be the name of a " + suffix + " file in the same folder");
            }
            map.put(entry.getKey(), shard);
        }
        return map;
    }

    private static JsonNode weightMapNode(Path index) {
        JsonNode map = JsonInput.readBoundedObject(index).path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw new BadInputException(index + " has no \"weight_map\"; download the file again");
        }
        return map;
    }

    @Override
    public SortedMap<String, TensorInfo> tensors() {
        return Collections.unmodifiableSortedMap(tensors);
    }

    @Override
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    @Override
    public INDArray read(String name) {
        return shard(name).read(name);
    }

    @Override
    public INDArray read(String name, DataType type) {
        return shard(name).read(name, type);
    }

    @Override
    public @Nullable INDArray map(String name, DataType type) {
        return shard(name).map(name, type);
    }

    private TensorStore shard(String name) {
        TensorStore file = shardOf.get(name);
        if (file == null) {
            throw new BadInputException(
                    "there is no tensor \"" + name + "\" in " + shards.values() + "; is it the right model?");
        }
        return file;
    }

    @Override
    public void close() {
        closeAll();
    }

    private void closeAll() {
        shards.values().forEach(TensorStore::close);
    }
}
