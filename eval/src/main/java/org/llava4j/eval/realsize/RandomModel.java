package org.llava4j.eval.realsize;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tensors.HalfFloats;
import org.llava4j.data.tensors.OutgoingTensor;
import org.llava4j.data.tensors.ShardWriter;
import org.llava4j.data.tensors.TensorInfo;
import org.llava4j.data.tensors.TensorType;
import org.llava4j.model.Llava;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Writes a LLaVA folder of random BF16 weights in LLaVA's own layout, one tensor at a time. Weights are evenly
 * distributed with deviation 0.02, those of norms are 1; the same in every run.
 */
final class RandomModel {
    private static final double BOUND = 0.02 * Math.sqrt(3);
    private static final int PIECE = 1 << 18;
    private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

    private RandomModel() {}

    /** @return bytes of all weights */
    static long write(RealSize size, Path folder, long shardBytes) {
        List<OutgoingTensor> language = new ArrayList<>();
        List<OutgoingTensor> tower = new ArrayList<>();
        Llava.weightShapes(size.config()).forEach((name, shape) -> {
            boolean ofTower = name.startsWith(Llava.TOWER_PREFIX);
            String stored = ofTower ? name.substring(Llava.TOWER_PREFIX.length()) : name;
            TensorInfo info = new TensorInfo(stored, TensorType.BF16, shape);
            (ofTower ? tower : language).add(OutgoingTensor.made(info, () -> numbers(info)));
        });
        long bytes = 0;
        for (List<OutgoingTensor> part : List.of(language, tower)) {
            bytes += part.stream()
                    .mapToLong(tensor -> tensor.info().length() * Short.BYTES)
                    .sum();
        }
        requireSpace(folder, bytes);
        Path towerFolder = folder.resolve("vision_tower");
        makeFolder(towerFolder);
        ShardWriter.write(folder, language, shardBytes);
        ShardWriter.write(towerFolder, tower, shardBytes);
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.put("model_type", "llava_llama");
        size.decoder().writeTo(config);
        config.put("mm_vision_tower", "vision_tower");
        config.put("mm_hidden_size", size.vision().hiddenSize());
        config.put("mm_projector_type", "linear");
        config.put("mm_vision_select_layer", -2);
        config.put("torch_dtype", "bfloat16");
        ObjectNode vision = JsonNodeFactory.instance.objectNode();
        size.vision().writeTo(vision);
        AtomicFile.writeString(folder.resolve("config.json"), config.toPrettyString());
        AtomicFile.writeString(towerFolder.resolve("config.json"), vision.toPrettyString());
        return bytes;
    }

    private static INDArray numbers(TensorInfo info) {
        INDArray array = Nd4j.createUninitialized(DataType.BFLOAT16, info.shape(), 'c');
        boolean ones = info.name().contains("norm") && info.name().endsWith("weight");
        BytePointer target = new BytePointer(array.data().pointer());
        long seed = info.name().hashCode() * GOLDEN_RATIO;
        byte[] piece = new byte[(int) Math.min(PIECE, info.length()) * Short.BYTES];
        ByteBuffer shorts = ByteBuffer.wrap(piece).order(ByteOrder.LITTLE_ENDIAN);
        for (long done = 0; done < info.length(); done += PIECE) {
            int count = (int) Math.min(PIECE, info.length() - done);
            for (int i = 0; i < count; i++) {
                float value = ones ? 1 : (float) (BOUND * uniform(seed + (done + i) * GOLDEN_RATIO));
                shorts.putShort(i * Short.BYTES, HalfFloats.floatToBf16(value));
            }
            target.position(done * Short.BYTES).put(piece, 0, count * Short.BYTES);
        }
        return array;
    }

    /** SplitMix64's finish (Steele et al. 2014), as a number from -1 to 1. */
    private static double uniform(long state) {
        long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return ((z ^ (z >>> 31)) >> 11) * 0x1.0p-52;
    }

    private static void requireSpace(Path folder, long bytes) {
        try {
            long free = Files.getFileStore(folder).getUsableSpace();
            if (free < bytes) {
                throw new BadInputException(folder + " has room for " + (free >> 20) + " MB and the model takes "
                        + (bytes >> 20) + " MB; give a folder on another disk (--folder)");
            }
        } catch (IOException e) {
            throw new BadInputException("cannot look at the room of " + folder + " (" + e + ")", e);
        }
    }

    private static void makeFolder(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new BadInputException("cannot make " + folder + " (" + e + "); give another --folder", e);
        }
    }
}
