package org.llava4j.model.kernels;

import org.llava4j.data.BadInputException;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner.ExecutionerType;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Which {@link Kernels} the graphs of this JVM run on: the system property {@code llava4j.kernels} is {@code cpu} or
 * {@code nd4j}; without it, the CPU kernels where ND4J's backend is the CPU's, else the portable ones.
 */
public final class KernelChoice {
    private static final String PROPERTY = "llava4j.kernels";

    private KernelChoice() {}

    /** Holds the choice, made when it is first asked for: a main can still set the property before. */
    private static final class Holder {
        static final Kernels KERNELS = choose(System.getProperty(PROPERTY));
    }

    /** The same kernels at every call. */
    public static Kernels kernels() {
        return Holder.KERNELS;
    }

    /** Names the kernels and their number of threads: other ones round otherwise. */
    public static String description() {
        Kernels kernels = kernels();
        return kernels + (kernels instanceof CpuKernels ? ", " + CpuKernels.threads() + " threads" : "");
    }

    static Kernels choose(String name) {
        boolean onCpu = Nd4j.getExecutioner().type() == ExecutionerType.NATIVE_CPU;
        String chosen = name == null ? (onCpu ? "cpu" : "nd4j") : name;
        Kernels portable = new Nd4jKernels();
        return switch (chosen) {
            case "nd4j" -> portable;
            case "cpu" -> {
                if (!onCpu) {
                    throw new BadInputException(
                            "-D" + PROPERTY + "=cpu needs ND4J's CPU backend; leave it out or say nd4j");
                }
                yield new CpuKernels(portable);
            }
            default ->
                throw new BadInputException(
                        "-D" + PROPERTY + "=" + chosen + " is unknown; say cpu or nd4j, or leave it out");
        };
    }
}
