package org.llava4j.model.weights;

import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.tensors.TensorInfo;

/**
 * Tensor naming of a checkpoint, detected from the names. The graph's variables have the names of the original LLaVA; a
 * layout maps stored names to them and back.
 */
public enum CheckpointLayout {
    /** The original LLaVA: {@code model.layers.*}, {@code model.mm_projector.*}; a LLaMA without projector. */
    LLAVA("original LLaVA or LLaMA"),

    /**
     * The transformers port (llava-hf): {@code language_model.model.*}, {@code multi_modal_projector.*}. Newer files
     * prefix names with {@code model.} and have {@code lm_head} outside the language model, or omit
     * {@code vision_model} after {@code vision_tower}.
     */
    LLAVA_HF("llava-hf"),

    /**
     * CLIP: {@code vision_model.*}; a full CLIP also has a text model. Transformers 5 omits {@code vision_model} in the
     * names of a tower alone: {@code embeddings.*}, {@code encoder.*}.
     */
    CLIP("CLIP");

    /** Prefix that LLaVA leaves in names when it saves a model wrapped by PEFT. */
    private static final String PEFT_PREFIX = "base_model.model.";

    private static final String VISION_MODEL = "vision_model.";

    private static final String VISION_PREFIX = Llava.TOWER_PREFIX + VISION_MODEL;

    /** Names of a tower that omit {@code vision_model}. */
    private static final Pattern BARE_TOWER =
            Pattern.compile("(embeddings|pre_layrnorm|encoder\\.layers|post_layernorm)\\..*");

    /** Prefixes of stored names and of variables; the first match counts. */
    private static final List<Map.Entry<String, String>> HF_PREFIXES = List.of(
            Map.entry("language_model.model.", "model."),
            Map.entry("language_model.lm_head.", "lm_head."),
            Map.entry("language_model.", "model."),
            Map.entry("vision_tower.vision_model.", VISION_PREFIX),
            Map.entry("vision_tower.", VISION_PREFIX),
            Map.entry("multi_modal_projector.linear_1.", Checkpoint.PROJECTOR_PREFIX + "0."),
            Map.entry("multi_modal_projector.linear_2.", Checkpoint.PROJECTOR_PREFIX + "2."));

    /** The same prefixes for writing, the most specific variables first. */
    private static final List<Map.Entry<String, String>> HF_WRITTEN =
            Stream.of(3, 5, 6, 1, 0).map(HF_PREFIXES::get).toList();

    /** Buffers that older versions of transformers stored in checkpoints; they are computed here. */
    private static final Pattern COMPUTED = Pattern.compile(".*(rotary_emb\\.inv_freq|position_ids)");

    private static final Pattern CLIP_TEXT =
            Pattern.compile("text_model\\..*|text_projection\\.weight|visual_projection\\.weight|logit_scale");

    private final String displayName;

    CheckpointLayout(String displayName) {
        this.displayName = displayName;
    }

    /** Detects the layout from tensor names. */
    public static CheckpointLayout of(Collection<String> stored) {
        if (stored.stream().anyMatch(name -> withoutModelPrefix(name).startsWith("multi_modal_projector."))) {
            return LLAVA_HF;
        }
        return stored.stream().anyMatch(CheckpointLayout::isTower) ? CLIP : LLAVA;
    }

    private static boolean isTower(String name) {
        return name.startsWith(VISION_MODEL) || BARE_TOWER.matcher(name).matches();
    }

    /** The variable of a stored tensor; a CLIP's without {@link Llava#TOWER_PREFIX}. */
    public String toVariable(String stored) {
        if (this == LLAVA) {
            String name = stored.startsWith(PEFT_PREFIX) ? stored.substring(PEFT_PREFIX.length()) : stored;
            return name.startsWith(Llava.TOWER_PREFIX)
                    ? Llava.TOWER_PREFIX + withVisionModel(name.substring(Llava.TOWER_PREFIX.length()))
                    : name;
        }
        if (this == CLIP) {
            return withVisionModel(stored);
        }
        String name = withoutModelPrefix(stored);
        for (Map.Entry<String, String> prefix : HF_PREFIXES) {
            if (name.startsWith(prefix.getKey())) {
                return prefix.getValue() + name.substring(prefix.getKey().length());
            }
        }
        return stored;
    }

    /**
     * Stored tensor names by variable.
     *
     * @param stored tensors of a file or folder
     * @param path for messages
     * @throws BadInputException if two tensors map to the same variable
     */
    public Map<String, TensorInfo> variables(Collection<TensorInfo> stored, Path path) {
        Map<String, TensorInfo> byVariable = new LinkedHashMap<>();
        for (TensorInfo tensor : stored) {
            String name = tensor.name();
            TensorInfo other = byVariable.putIfAbsent(toVariable(name), tensor);
            if (other != null && skipReason(name) == null) {
                throw new BadInputException(path + ": " + other.name() + " and " + name + " are both the weight "
                        + toVariable(name) + "; remove the tensor that does not belong to this model");
            }
        }
        return byVariable;
    }

    /** The stored name of a variable; if the layout has had several namings, the older one. */
    public String toStoredName(String variable) {
        if (this != LLAVA_HF) {
            return variable;
        }
        for (Map.Entry<String, String> prefix : HF_WRITTEN) {
            if (variable.startsWith(prefix.getValue())) {
                return prefix.getKey() + variable.substring(prefix.getValue().length());
            }
        }
        throw new IllegalArgumentException(variable + " has no name in " + this);
    }

    /** Why a stored tensor may stay unread; null if it must be read. */
    public static @Nullable String skipReason(String stored) {
        if (COMPUTED.matcher(stored).matches()) {
            return "computed";
        }
        return CLIP_TEXT.matcher(stored).matches() ? "CLIP's text model" : null;
    }

    private static String withVisionModel(String name) {
        return BARE_TOWER.matcher(name).matches() ? VISION_MODEL + name : name;
    }

    private static String withoutModelPrefix(String name) {
        return name.startsWith("model.") ? name.substring("model.".length()) : name;
    }

    /** The display name. */
    @Override
    public String toString() {
        return displayName;
    }
}
