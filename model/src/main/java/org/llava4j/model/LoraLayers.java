package org.llava4j.model;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.kernels.DropoutMask;
import org.llava4j.model.lora.Lora;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.ops.Dropout;
import org.llava4j.model.ops.Linear;
import org.llava4j.model.ops.Scale;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** LoRA branches of a decoder's linear layers, added to the output of the frozen weight. */
final class LoraLayers {
    /** Seed that disables dropout. */
    static final long NO_DROPOUT = -1;

    private final @Nullable Lora lora;
    private final Set<String> targets;

    /** @throws org.llava4j.data.BadInputException if a target matches no weight of the decoder */
    LoraLayers(@Nullable Lora lora, LlamaConfig decoder) {
        this.lora = lora;
        targets = lora == null ? Set.of() : lora.config().targetsIn(decoder);
    }

    /**
     * {@code y + scale * B (A dropout(x))}, or y itself if the weight is not a target.
     *
     * @param name of the result
     * @param y output of the frozen weight, {@code float32[R, out]}
     * @param x input of the layer, {@code float32[R, in]}
     * @param w scope of the weight
     * @param weight name of the weight [out, in] of {@code y = W x}, or of a sum that y is added to
     */
    SDVariable addLora(String name, SDVariable y, SDVariable x, WeightScope w, String weight, long out, long in) {
        String full = w.prefix() + weight;
        if (lora == null || !targets.contains(full)) {
            return y;
        }
        LoraConfig config = lora.config();
        WeightScope whole = new WeightScope(w.sd(), w.source(), "");
        SDVariable a = whole.get(LoraConfig.nameOfA(full), config.rank(), in);
        SDVariable b = whole.get(LoraConfig.nameOfB(full), out, config.rank());
        SDVariable low = Linear.of(name + ".low", dropout(lora, name + ".dropped", x, full), a);
        return Linear.withResidual(name, y, Scale.of(name + ".scaled", low, config.scale()), b);
    }

    private static SDVariable dropout(Lora lora, String name, SDVariable x, String weight) {
        double rate = lora.config().dropout();
        return rate == 0
                ? x
                : Dropout.of(name, x, dropoutSeed(x.getSameDiff()), rate, DropoutMask.stream(lora.seed(), weight));
    }

    private static SDVariable dropoutSeed(SameDiff sd) {
        return sd.hasVariable(Llava.DROPOUT_SEED)
                ? sd.getVariable(Llava.DROPOUT_SEED)
                : sd.placeHolder(Llava.DROPOUT_SEED, DataType.INT64, 1);
    }

    /** Adds the dropout seed to the placeholders if the graph has dropout and they contain none. */
    static Map<String, INDArray> withDropoutSeed(SameDiff sd, Map<String, INDArray> placeholders, long seed) {
        if (!sd.hasVariable(Llava.DROPOUT_SEED) || placeholders.containsKey(Llava.DROPOUT_SEED)) {
            return placeholders;
        }
        Map<String, INDArray> all = new LinkedHashMap<>(placeholders);
        all.put(Llava.DROPOUT_SEED, Nd4j.createFromArray(seed));
        return all;
    }
}
