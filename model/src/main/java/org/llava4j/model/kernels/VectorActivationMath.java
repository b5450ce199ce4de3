package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.VectorFastMath.SPECIES;

import jdk.incubator.vector.FloatVector;

/** {@link ActivationMath} with the Vector API; values after the last full vector are computed one by one. */
final class VectorActivationMath implements ActivationMath {

    @Override
    public void swiGlu(float[] gate, float[] up, float[] y, int n) {
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector g = FloatVector.fromArray(SPECIES, gate, i);
            FloatVector u = FloatVector.fromArray(SPECIES, up, i);
            g.mul(VectorFastMath.sigmoid(g)).mul(u).intoArray(y, i);
        }
        ScalarActivationMath.swiGluFrom(end, gate, up, y, n);
    }

    @Override
    public void swiGluGrad(float[] dy, float[] gate, float[] up, float[] dGate, float[] dUp, int n) {
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector d = FloatVector.fromArray(SPECIES, dy, i);
            FloatVector g = FloatVector.fromArray(SPECIES, gate, i);
            FloatVector u = FloatVector.fromArray(SPECIES, up, i);
            FloatVector s = VectorFastMath.sigmoid(g);
            FloatVector ds = d.mul(s);
            ds.mul(g).intoArray(dUp, i);
            // 1 + g (1 - s)
            FloatVector slope = g.sub(g.mul(s)).add(1f);
            ds.mul(u).mul(slope).intoArray(dGate, i);
        }
        ScalarActivationMath.swiGluGradFrom(end, dy, gate, up, dGate, dUp, n);
    }

    @Override
    public void quickGelu(float[] x, float[] y, int n) {
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, i);
            v.mul(VectorFastMath.sigmoid(v.mul(QUICK_GELU_FACTOR))).intoArray(y, i);
        }
        ScalarActivationMath.quickGeluFrom(end, x, y, n);
    }

    @Override
    public void quickGeluGrad(float[] dy, float[] x, float[] dx, int n) {
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, i).mul(QUICK_GELU_FACTOR);
            FloatVector s = VectorFastMath.sigmoid(v);
            // 1 + v (1 - s)
            FloatVector slope = v.sub(v.mul(s)).add(1f);
            FloatVector.fromArray(SPECIES, dy, i).mul(s).mul(slope).intoArray(dx, i);
        }
        ScalarActivationMath.quickGeluGradFrom(end, dy, x, dx, n);
    }

    @Override
    public void gelu(float[] x, float[] y, int n) {
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, i);
            FloatVector density = VectorFastMath.exp(v.mul(v).mul(-0.5f));
            v.mul(VectorFastMath.normalCdf(v, density)).intoArray(y, i);
        }
        ScalarActivationMath.geluFrom(end, x, y, n);
    }

    @Override
    public void geluGrad(float[] dy, float[] x, float[] dx, int n) {
        int end = SPECIES.loopBound(n);
        for (int i = 0; i < end; i += SPECIES.length()) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, i);
            FloatVector density = VectorFastMath.exp(v.mul(v).mul(-0.5f));
            FloatVector slope = v.mul(density).mul(FastMath.INVERSE_SQRT_TWO_PI);
            FloatVector.fromArray(SPECIES, dy, i)
                    .mul(VectorFastMath.normalCdf(v, density).add(slope))
                    .intoArray(dx, i);
        }
        ScalarActivationMath.geluGradFrom(end, dy, x, dx, n);
    }
}
