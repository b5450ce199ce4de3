package org.llava4j.model.weights;

import static java.util.Map.entry;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.Llava;

/** Names of tensors in GGUF files and in the original LLaVA, in both directions. */
final class GgufNames {
    static final String TOKEN_EMBEDDINGS = "token_embd.weight";
    static final String OUTPUT = "output.weight";
    static final String POSITION_EMBEDDINGS = "v.position_embd.weight";
    /** The weight of the second linear layer of a projector with two. */
    static final String SECOND_LAYER = "mm.2.weight";

    private static final String WEIGHT = ".weight";
    private static final String QUERY = "attn_q";
    private static final String KEY = "attn_k";
    private static final String UP = "ffn_up";
    private static final String DOWN = "ffn_down";
    private static final String PROJECTOR = "mm.";
    /** The only linear layer of a projector in a file; LLaVA gives it no index. */
    private static final String SINGLE = "0.";

    private static final Pattern DECODER_LAYER = Pattern.compile("blk\\.(\\d+)\\.(\\w+)\\.weight");
    private static final Pattern TOWER_LAYER = Pattern.compile("v\\.blk\\.(\\d+)\\.(\\w+)\\.(weight|bias)");
    private static final Pattern ORIGINAL_DECODER_LAYER = Pattern.compile("model\\.layers\\.(\\d+)\\.(.+)\\.weight");
    private static final Pattern ORIGINAL_TOWER_LAYER =
            Pattern.compile(Pattern.quote(vision("encoder.layers.")) + "(\\d+)\\.(.+)\\.(weight|bias)");

    private static final Map<String, String> DECODER = Map.ofEntries(
            entry(TOKEN_EMBEDDINGS, "model.embed_tokens.weight"),
            entry("output_norm.weight", "model.norm.weight"),
            entry(OUTPUT, "lm_head.weight"));

    private static final Map<String, String> DECODER_LAYERS = Map.ofEntries(
            entry("attn_norm", "input_layernorm"),
            entry("ffn_norm", "post_attention_layernorm"),
            entry(QUERY, "self_attn.q_proj"),
            entry(KEY, "self_attn.k_proj"),
            entry("attn_v", "self_attn.v_proj"),
            entry("attn_output", "self_attn.o_proj"),
            entry("ffn_gate", "mlp.gate_proj"),
            entry(UP, "mlp.up_proj"),
            entry(DOWN, "mlp.down_proj"));

    private static final Map<String, String> TOWER = Map.ofEntries(
            entry("v.class_embd", "embeddings.class_embedding"),
            entry("v.patch_embd.weight", "embeddings.patch_embedding.weight"),
            entry(POSITION_EMBEDDINGS, "embeddings.position_embedding.weight"),
            entry("v.pre_ln.weight", "pre_layrnorm.weight"),
            entry("v.pre_ln.bias", "pre_layrnorm.bias"),
            entry("v.post_ln.weight", "post_layernorm.weight"),
            entry("v.post_ln.bias", "post_layernorm.bias"));

    private static final Map<String, String> TOWER_LAYERS = Map.ofEntries(
            entry(QUERY, "self_attn.q_proj"),
            entry(KEY, "self_attn.k_proj"),
            entry("attn_v", "self_attn.v_proj"),
            entry("attn_out", "self_attn.out_proj"),
            entry("ln1", "layer_norm1"),
            entry("ln2", "layer_norm2"),
            entry(UP, "mlp.fc1"),
            entry(DOWN, "mlp.fc2"));

    private static final Map<String, String> TO_DECODER = inverse(DECODER);
    private static final Map<String, String> TO_DECODER_LAYERS = inverse(DECODER_LAYERS);
    private static final Map<String, String> TO_TOWER = inverse(TOWER);
    private static final Map<String, String> TO_TOWER_LAYERS = inverse(TOWER_LAYERS);

    private GgufNames() {}

    private static Map<String, String> inverse(Map<String, String> map) {
        Map<String, String> inverse = new HashMap<>();
        map.forEach((key, value) -> inverse.put(value, key));
        return inverse;
    }

    /**
     * The name in the original LLaVA.
     *
     * @param stored name in the file, in which {@code ffn_up} is the first layer of an MLP
     * @param hasOneLayer whether the projector of the file is a single linear layer, which has no index in LLaVA
     * @return {@code stored} if the name is unknown
     */
    static String original(String stored, boolean hasOneLayer) {
        Matcher layer = DECODER_LAYER.matcher(stored);
        if (layer.matches() && DECODER_LAYERS.containsKey(layer.group(2))) {
            return "model.layers." + layer.group(1) + "." + DECODER_LAYERS.get(layer.group(2)) + WEIGHT;
        }
        Matcher block = TOWER_LAYER.matcher(stored);
        if (block.matches() && TOWER_LAYERS.containsKey(block.group(2))) {
            return vision(
                    "encoder.layers." + block.group(1) + "." + TOWER_LAYERS.get(block.group(2)) + "." + block.group(3));
        }
        if (TOWER.containsKey(stored)) {
            return vision(TOWER.get(stored));
        }
        if (stored.startsWith(PROJECTOR)) {
            String name = stored.substring(PROJECTOR.length());
            return Checkpoint.PROJECTOR_PREFIX
                    + (hasOneLayer && name.startsWith(SINGLE) ? name.substring(SINGLE.length()) : name);
        }
        return DECODER.getOrDefault(stored, stored);
    }

    /**
     * The name in a GGUF file.
     *
     * @param original name in the original LLaVA
     * @throws IllegalArgumentException if no tensor of a LLaVA has this name
     */
    static String stored(String original) {
        String stored = original.startsWith(Llava.TOWER_PREFIX) ? towerName(original) : decoderName(original);
        if (original.startsWith(Checkpoint.PROJECTOR_PREFIX)) {
            String name = original.substring(Checkpoint.PROJECTOR_PREFIX.length());
            stored = PROJECTOR + (Character.isDigit(name.charAt(0)) ? name : SINGLE + name);
        }
        if (stored == null) {
            throw new IllegalArgumentException(original + " has no name in GGUF files");
        }
        return stored;
    }

    private static @Nullable String decoderName(String original) {
        Matcher layer = ORIGINAL_DECODER_LAYER.matcher(original);
        if (!layer.matches()) {
            return TO_DECODER.get(original);
        }
        String name = TO_DECODER_LAYERS.get(layer.group(2));
        return name == null ? null : "blk." + layer.group(1) + "." + name + WEIGHT;
    }

    private static @Nullable String towerName(String original) {
        Matcher layer = ORIGINAL_TOWER_LAYER.matcher(original);
        if (!layer.matches()) {
            return TO_TOWER.get(original.substring(vision("").length()));
        }
        String name = TO_TOWER_LAYERS.get(layer.group(2));
        return name == null ? null : "v.blk." + layer.group(1) + "." + name + "." + layer.group(3);
    }

    /** The layer of the vision tower that a tensor of the original belongs to; -1 for other tensors. */
    static int towerLayer(String original) {
        Matcher layer = ORIGINAL_TOWER_LAYER.matcher(original);
        return layer.matches() ? Integer.parseInt(layer.group(1)) : -1;
    }

    /** Whether a tensor of the original belongs to the norm after the last layer of the vision tower. */
    static boolean isPostNorm(String original) {
        return original.startsWith(vision("post_layernorm."));
    }

    private static String vision(String name) {
        return Llava.TOWER_PREFIX + "vision_model." + name;
    }

    /** The name in a file of a layer of the tower's MLP with the names of its two layers exchanged; null for others. */
    static @Nullable String exchanged(String stored) {
        Matcher block = TOWER_LAYER.matcher(stored);
        if (!block.matches() || !(block.group(2).equals(UP) || block.group(2).equals(DOWN))) {
            return null;
        }
        String other = block.group(2).equals(UP) ? DOWN : UP;
        return "v.blk." + block.group(1) + "." + other + "." + block.group(3);
    }

    /** The weights of both layers of the MLP that a tensor for which {@link #exchanged} is not null belongs to. */
    static String[] mlpWeights(String stored) {
        String block = stored.substring(0, stored.indexOf(".ffn_"));
        return new String[] {block + "." + UP + WEIGHT, block + "." + DOWN + WEIGHT};
    }

    /**
     * The number of heads whose rows converters to GGUF reorder ({@link RotaryRows}); 0 for tensors whose rows keep their order.
     *
     * @param stored name in the file
     */
    static int reorderedHeads(String stored, int heads, int kvHeads) {
        Matcher layer = DECODER_LAYER.matcher(stored);
        if (!layer.matches()) {
            return 0;
        }
        return switch (layer.group(2)) {
            case QUERY -> heads;
            case KEY -> kvHeads;
            default -> 0;
        };
    }
}
