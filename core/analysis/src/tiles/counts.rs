//! Counts of luma values, and their percentiles.

/// Counts of luma values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Histogram(pub(crate) [u32; 256]);

impl Default for Histogram {
    fn default() -> Self {
        Self([0; 256])
    }
}

impl Histogram {
    /// The smallest luma that at least `share` of the pixels do not exceed; 0 when empty.
    pub(crate) fn percentile(&self, share: f64) -> u8 {
        let total: u64 = self.0.iter().map(|&count| u64::from(count)).sum();
        let wanted = (total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (value, &count) in self.0.iter().enumerate() {
            seen += u64::from(count);
            if seen >= wanted && seen > 0 {
                return value as u8;
            }
        }
        0
    }
}

/// Luma values on their way into a [`Histogram`]: neighbouring pixels count in different tables, because equal ones in
/// one table would wait for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tally([[u32; 256]; 4]);

impl Default for Tally {
    fn default() -> Self {
        Self([[0; 256]; 4])
    }
}

impl Tally {
    pub(super) fn clear(&mut self) {
        self.0 = [[0; 256]; 4];
    }

    pub(super) fn add(&mut self, row: &[u8]) {
        let [first, second, third, fourth] = &mut self.0;
        let (chunks, rest) = row.as_chunks::<8>();
        for chunk in chunks {
            // One load of eight pixels, then shifts: the loads and not the counting would be the narrow place.
            let pixels = u64::from_le_bytes(*chunk);
            first[(pixels & 0xFF) as usize] += 1;
            second[(pixels >> 8 & 0xFF) as usize] += 1;
            third[(pixels >> 16 & 0xFF) as usize] += 1;
            fourth[(pixels >> 24 & 0xFF) as usize] += 1;
            first[(pixels >> 32 & 0xFF) as usize] += 1;
            second[(pixels >> 40 & 0xFF) as usize] += 1;
            third[(pixels >> 48 & 0xFF) as usize] += 1;
            fourth[(pixels >> 56) as usize] += 1;
        }
        for &pixel in rest {
            first[usize::from(pixel)] += 1;
        }
    }

    pub(super) fn total_into(&self, histogram: &mut Histogram) {
        let [first, second, third, fourth] = &self.0;
        for (value, count) in histogram.0.iter_mut().enumerate() {
            *count = first[value] + second[value] + third[value] + fourth[value];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_are_exact() {
        let mut histogram = Histogram::default();
        histogram.0[10] = 98;
        histogram.0[200] = 2;
        let percentiles = [0.5, 0.98, 0.99].map(|share| histogram.percentile(share));
        assert_eq!(percentiles, [10, 10, 200]);
    }

    proptest! {
        #[test]
        fn every_pixel_is_tallied_once(row in proptest::collection::vec(any::<u8>(), 0..100)) {
            let (mut tally, mut found, mut plain) = (Tally::default(), Histogram::default(), Histogram::default());
            tally.add(&row);
            tally.total_into(&mut found);
            for luma in row {
                plain.0[usize::from(luma)] += 1;
            }
            prop_assert_eq!(found, plain);
        }
    }
}
