package org.llava4j.model.weights;

import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.gguf.GgufMetadata;
import org.llava4j.model.Llava;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.tensors.GgufFile;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.model.tensors.TensorStore;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Weights of a GGUF file with the names and the row order of the original LLaVA: a decoder, or a vision tower with its
 * projector ({@code mmproj}).
 *
 * <p>llama.cpp rotates neighboring pairs of a head's dimensions, LLaMA in transformers dimension i with i + d/2. Converters
 * reorder the rows of the query and key projections for that; reading them restores the order. Rows of blocks are moved whole,
 * so that their values do not change, but these tensors are copied and not mapped.
 */
final class GgufWeights implements TensorStore {
    private static final String WEIGHT = ".weight";
    private static final Pattern DECODER_LAYER = Pattern.compile("blk\\.(\\d+)\\.(\\w+)\\.weight");
    private static final Pattern TOWER_LAYER = Pattern.compile("v\\.blk\\.(\\d+)\\.(\\w+)\\.(weight|bias)");
    private static final String QUERY = "attn_q";
    private static final String KEY = "attn_k";
    private static final String FIRST = "mlp.fc1";
    private static final String SECOND = "mlp.fc2";

    private static final Map<String, String> DECODER = Map.of(
            "token_embd.weight", "model.embed_tokens.weight",
            "output_norm.weight", "model.norm.weight",
            "output.weight", "lm_head.weight");

    private static final Map<String, String> DECODER_LAYERS = Map.of(
            "attn_norm",
            "input_layernorm",
            "ffn_norm",
            "post_attention_layernorm",
            QUERY,
            "self_attn.q_proj",
            KEY,
            "self_attn.k_proj",
            "attn_v",
            "self_attn.v_proj",
            "attn_output",
            "self_attn.o_proj",
            "ffn_gate",
            "mlp.gate_proj",
            "ffn_up",
            "mlp.up_proj",
            "ffn_down",
            "mlp.down_proj");

    private static final Map<String, String> TOWER = Map.of(
            "v.class_embd", "embeddings.class_embedding",
            "v.patch_embd.weight", "embeddings.patch_embedding.weight",
            "v.position_embd.weight", "embeddings.position_embedding.weight",
            "v.pre_ln.weight", "pre_layrnorm.weight",
            "v.pre_ln.bias", "pre_layrnorm.bias",
            "v.post_ln.weight", "post_layernorm.weight",
            "v.post_ln.bias", "post_layernorm.bias");

    private static final Map<String, String> TOWER_LAYERS = Map.of(
            QUERY,
            "self_attn.q_proj",
            KEY,
            "self_attn.k_proj",
            "attn_v",
            "self_attn.v_proj",
            "attn_out",
            "self_attn.out_proj",
            "ln1",
            "layer_norm1",
            "ln2",
            "layer_norm2",
            "ffn_up",
            FIRST,
            "ffn_down",
            SECOND);

    private final GgufFile file;
    private final SortedMap<String, TensorInfo> tensors = new TreeMap<>();
    private final Map<String, String> storedNames = new HashMap<>();

    private GgufWeights(GgufFile file) {
        this.file = file;
        file.tensors().forEach((stored, info) -> {
            String name = name(stored);
            if (storedNames.put(name, stored) != null) {
                throw new BadInputException(file + ": two tensors are the weight " + name + ", one of them is " + stored
                        + "; convert the model again");
            }
            tensors.put(name, new TensorInfo(name, info.type(), info.shape()));
        });
    }

    /**
     * Opens a file.
     *
     * @throws BadInputException as {@link GgufFile#open}
     */
    static GgufWeights open(Path path) {
        GgufFile file = GgufFile.open(path);
        try {
            return new GgufWeights(file);
        } catch (BadInputException e) {
            file.close();
            throw e;
        }
    }

    /** The name in the original LLaVA; that of the file if it is unknown, so that loading reports it as unused. */
    private String name(String stored) {
        Matcher layer = DECODER_LAYER.matcher(stored);
        if (layer.matches() && DECODER_LAYERS.containsKey(layer.group(2))) {
            return "model.layers." + layer.group(1) + "." + DECODER_LAYERS.get(layer.group(2)) + WEIGHT;
        }
        Matcher block = TOWER_LAYER.matcher(stored);
        if (block.matches() && TOWER_LAYERS.containsKey(block.group(2))) {
            return vision("encoder.layers." + block.group(1) + "." + towerLayer(block) + "." + block.group(3));
        }
        if (TOWER.containsKey(stored)) {
            return vision(TOWER.get(stored));
        }
        if (stored.startsWith("mm.")) {
            return Checkpoint.PROJECTOR_PREFIX + projector(stored.substring("mm.".length()));
        }
        return DECODER.getOrDefault(stored, stored);
    }

    private static String vision(String name) {
        return Llava.TOWER_PREFIX + "vision_model." + name;
    }

    /** Linear layers of the projector have their index among its modules; a single one has none in LLaVA. */
    private String projector(String name) {
        boolean isSingle = !file.tensors().containsKey("mm.2.weight");
        return isSingle && name.startsWith("0.") ? name.substring(2) : name;
    }

    /** Early converters exchanged the names of the two layers of an MLP: the first one widens. */
    private String towerLayer(Matcher block) {
        String name = Objects.requireNonNull(TOWER_LAYERS.get(block.group(2)));
        if (!name.startsWith("mlp.")) {
            return name;
        }
        TensorInfo up = file.tensors().get("v.blk." + block.group(1) + ".ffn_up" + WEIGHT);
        TensorInfo down = file.tensors().get("v.blk." + block.group(1) + ".ffn_down" + WEIGHT);
        if (up == null || down == null || up.shape()[0] >= down.shape()[0]) {
            return name;
        }
        return name.equals(FIRST) ? SECOND : FIRST;
    }

    @Override
    public SortedMap<String, TensorInfo> tensors() {
        return Collections.unmodifiableSortedMap(tensors);
    }

    @Override
    public Map<String, String> metadata() {
        return file.metadata();
    }

    @Override
    public INDArray read(String name) {
        DataType type = Objects.requireNonNull(file.tensors().get(storedName(name)), name)
                .type()
                .inMemory();
        return inOrder(name, type, () -> file.read(storedName(name)));
    }

    @Override
    public INDArray read(String name, DataType type) {
        return inOrder(name, type, () -> file.read(storedName(name), type));
    }

    @Override
    public @Nullable INDArray map(String name, DataType type) {
        String stored = storedName(name);
        return heads(stored) == 0 ? file.map(stored, type) : null;
    }

    private String storedName(String name) {
        return storedNames.getOrDefault(name, name);
    }

    /** Reads a tensor and restores the order of rows that the converter changed; these are copied from the mapped file. */
    private INDArray inOrder(String name, DataType type, Supplier<INDArray> reader) {
        String stored = storedName(name);
        int heads = heads(stored);
        if (heads == 0) {
            return reader.get();
        }
        INDArray mapped = file.map(stored, type);
        try (INDArray array = mapped == null ? reader.get() : mapped) {
            if (array.size(0) % (2L * heads) != 0) {
                throw new BadInputException("tensor \"" + stored + "\" in " + file + " has " + array.size(0)
                        + " rows, which " + heads + " heads cannot share; convert the model again");
            }
            return splitPairs(array, Math.toIntExact(array.size(0) / heads));
        }
    }

    /** The number of heads of a projection whose rows were reordered; 0 for other tensors. */
    private int heads(String stored) {
        Matcher layer = DECODER_LAYER.matcher(stored);
        if (!layer.matches()) {
            return 0;
        }
        GgufMetadata metadata = file.header();
        int heads = metadata.integer("llama.attention.head_count");
        return switch (layer.group(2)) {
            case QUERY -> heads;
            case KEY -> metadata.integer("llama.attention.head_count_kv", heads);
            default -> 0;
        };
    }

    /** Copies rows: the even rows of each head become its first half, the odd ones its second half. */
    private static INDArray splitPairs(INDArray array, int headRows) {
        INDArray ordered = Nd4j.createUninitialized(array.dataType(), array.shape(), 'c');
        NativeArray from = new NativeArray(array);
        NativeArray to = new NativeArray(ordered);
        long rows = array.size(0);
        byte[] row = new byte
                [Math.toIntExact(array.length() / rows * array.dataType().width())];
        for (long source = 0; source < rows; source++) {
            long inHead = source % headRows;
            long target = source - inHead + inHead % 2 * (headRows / 2) + inHead / 2;
            from.read(source * row.length, row, row.length);
            to.write(row, target * row.length, row.length);
        }
        return ordered;
    }

    @Override
    public void close() {
        file.close();
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
