package org.llava4j.model.weights;

import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;

/**
 * How a folder names its tensors, known by the names alone. The graph's variables have the names of the original LLaVA;
 * a layout turns stored names into them.
 */
public enum CheckpointLayout {
    /** LLaVA's own: {@code model.layers.*}, {@code model.mm_projector.*}; without a projector a LLaMA. */
    LLAVA("original LLaVA or LLaMA"),

    /**
     * The port in transformers: {@code language_model.model.*}, {@code multi_modal_projector.*}; in newer files with
     * {@code model.} in front and {@code lm_head} outside, or with a {@code vision_tower} that leaves out
     * {@code vision_model}.
     */
    LLAVA_HF("llava-hf"),

    /** CLIP: {@code vision_model.*}, in a full one beside its text half. */
    CLIP("CLIP");

    /** What LLaVA leaves in front of names that it saves from within PEFT's wrappers. */
    private static final String PEFT_PREFIX = "base_model.model.";

    private static final String VISION_PREFIX = Llava.TOWER_PREFIX + "vision_model.";

    /** Beginnings of stored names and of variables, the first that fits counts. */
    private static final List<Map.Entry<String, String>> HF_PREFIXES = List.of(
            Map.entry("language_model.model.", "model."),
            Map.entry("language_model.lm_head.", "lm_head."),
            Map.entry("language_model.", "model."),
            Map.entry("vision_tower.vision_model.", VISION_PREFIX),
            Map.entry("vision_tower.", VISION_PREFIX),
            Map.entry("multi_modal_projector.linear_1.", Checkpoint.PROJECTOR_PREFIX + "0."),
            Map.entry("multi_modal_projector.linear_2.", Checkpoint.PROJECTOR_PREFIX + "2."));

    /** The same for writing: the most special variables first. */
    private static final List<Map.Entry<String, String>> HF_WRITTEN =
            Stream.of(3, 5, 6, 1, 0).map(HF_PREFIXES::get).toList();

    /** Tables that older writers left in files; they are computed. */
    private static final Pattern COMPUTED = Pattern.compile(".*(rotary_emb\\.inv_freq|position_ids)");

    private static final Pattern CLIP_TEXT =
            Pattern.compile("text_model\\..*|text_projection\\.weight|visual_projection\\.weight|logit_scale");

    private final String displayName;

    CheckpointLayout(String words) {
        this.displayName = words;
    }

    /** The layout of a folder that holds tensors of these names. */
    public static CheckpointLayout of(Collection<String> stored) {
        if (stored.stream().anyMatch(name -> withoutModelPrefix(name).startsWith("multi_modal_projector."))) {
            return LLAVA_HF;
        }
        return stored.stream().anyMatch(name -> name.startsWith("vision_model.")) ? CLIP : LLAVA;
    }

    /** The variable that a stored tensor is; a CLIP's without {@link Llava#TOWER_PREFIX}. */
    public String toVariable(String stored) {
        if (this == LLAVA) {
            return stored.startsWith(PEFT_PREFIX) ? stored.substring(PEFT_PREFIX.length()) : stored;
        }
        if (this == CLIP) {
            return stored;
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
     * The stored name of each variable.
     *
     * @param stored names of a file or folder
     * @param path where they are, for the message
     * @throws BadInputException if two of them are the same variable
     */
    public Map<String, String> variables(Collection<String> stored, Path path) {
        Map<String, String> byVariable = new LinkedHashMap<>();
        for (String name : stored) {
            String other = byVariable.putIfAbsent(toVariable(name), name);
            if (other != null && skipReason(name) == null) {
                throw new BadInputException(path + ": " + other + " and " + name + " are both the weight "
                        + toVariable(name) + "; remove the one that does not belong to this model");
            }
        }
        return byVariable;
    }

    /** The name by which this layout stores a variable, the older of two where it has had several. */
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

    /** Why a stored tensor is rightly of no use; null if it should have one. */
    public static String skipReason(String stored) {
        if (COMPUTED.matcher(stored).matches()) {
            return "computed";
        }
        return CLIP_TEXT.matcher(stored).matches() ? "CLIP's text half" : null;
    }

    private static String withoutModelPrefix(String name) {
        return name.startsWith("model.") ? name.substring("model.".length()) : name;
    }

    /** As a person calls it. */
    @Override
    public String toString() {
        return displayName;
    }
}
